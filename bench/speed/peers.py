"""The same PPO work in another library, as a process: python -P bench/speed/peers.py LIBRARY ENVIRONMENT.

After some iterations to warm up, it answers every line of its input with the seconds that one more took. It
does not import this package, which would set JAX up as this suite wants it.

The work is one run of the protocol's steps, epochs, minibatches and networks. All else is the library's
default: it clips actions and gradients and standardizes advantages by minibatch, and filters no observations.
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
