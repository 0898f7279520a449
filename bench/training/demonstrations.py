"""Making demonstrations: a middling demonstrator is trained, and plays episodes by sampled actions.

It is a run of `clip-0.2` whose seed no table has, stopped after a fifth of its steps: an expert would leave
nothing to improve.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from algorithms.update import Actor, act
from bench.common.files import digest
from bench.common.provenance import provenance
from bench.environments.batch import Environments
from bench.protocol.protocol import DEFAULT, Run
from bench.protocol.settings import BASELINE
from bench.results.demonstrations import StoredDemonstrations
from bench.training.evaluation import action_noise, play_episodes, start_seed
from bench.training.training import OnProgress, Training, actor_of

SEED = 100
UPDATES = 100
EPISODES = 10


def demonstrate(
    environment: str, on_progress: OnProgress = lambda steps: None
) -> tuple[StoredDemonstrations, dict[str, Any]]:
    """Train the demonstrator of an environment and let it play; see `play_recorded`.

    Returns the demonstrations and their JSON.
    """
    training = Training([Run(environment, BASELINE, SEED)], DEFAULT)
    for _ in range(UPDATES):
        training.learn(training.collect())
        on_progress(training.steps)
    played = play_recorded(environment, actor_of(training.policies[0]))
    return played, {
        "environment": environment,
        "setting": BASELINE,
        "seed": SEED,
        "timesteps": training.steps,
        "protocol": DEFAULT.fingerprint,
        **provenance(),
        "episodes": len(played.lengths),
        "steps": int(played.lengths.sum()),
        "mean_return": float(played.returns.mean()),
        "sha256": digest(played.to_bytes()),
    }


def play_recorded(environment: str, actor: Actor) -> StoredDemonstrations:
    """Episodes of an actor by sampled actions, with starts and noise that no training has."""
    hyperparameters = DEFAULT.hyperparameters
    seeds = [start_seed(SEED, episode) for episode in range(EPISODES)]
    environments = Environments(environment, seeds)
    actors = jax.tree.map(lambda leaf: jnp.repeat(leaf, EPISODES, axis=0), actor)
    noise = action_noise(SEED, EPISODES, environments.time_limit, environments.action_size)
    seen: list[NDArray[np.float32]] = []
    done: list[NDArray[np.float32]] = []

    def choose(step: int, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        actions = np.asarray(act(hyperparameters, actors, observations, noise[step]))
        seen.append(observations)
        done.append(actions)
        return actions

    returns, lengths = play_episodes(environments, choose)
    taken = np.arange(len(seen))[None, :] < lengths[:, None]
    return StoredDemonstrations(
        observations=np.stack(seen, axis=1)[taken],
        actions=np.stack(done, axis=1)[taken],
        lengths=lengths.astype(np.int64),
        returns=returns,
    )
