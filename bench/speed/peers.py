"""PPO in another library, as a process: python -P bench/speed/peers.py LIBRARY ENVIRONMENT.

After some iterations to warm up, it answers every line of its input with the seconds of one more iteration.
It imports nothing of this package, so that the library is as its users have it.

An iteration does one run's steps, epochs, minibatches and networks of the protocol. All else is the library's
default: it clips actions and gradients, standardizes advantages by minibatch, and filters no observations.
"""

import importlib
import sys
import time
import warnings
from typing import Any

# The protocol's. The default networks of both libraries are the protocol's too: separate, 64-64, tanh.
WORK: dict[str, Any] = {"n_steps": 2048, "n_epochs": 10, "batch_size": 64}
WARM_UP = 5
READY = "ready"


def main(library: str, environment: str) -> None:
    """Serve iterations of one library's PPO until the input ends."""
    warnings.simplefilter("ignore")
    module = importlib.import_module(library.replace("-", "_"))
    model = module.PPO("MlpPolicy", environment, device="cpu", **WORK)
    for _ in range(WARM_UP):
        model.learn(WORK["n_steps"], reset_num_timesteps=False)
    print(READY, flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        model.learn(WORK["n_steps"], reset_num_timesteps=False)
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
