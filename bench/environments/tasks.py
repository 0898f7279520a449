"""What an environment adds to the physics of many runs: starts, observations, rewards, terminations.

These are Gymnasium's operations in their order, over arrays with a leading axis `run`. Weights and ranges are
read from Gymnasium's environment.
"""

from typing import Any

import numpy as np
from mujoco.batch import Batch
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Task:
    """The rules of an environment, over a batch of simulations.

    positions, velocities: of the simulations' joints, `[run, joint]`.
    start_noise: the largest noise of an episode's first positions and velocities, which is uniform.
    has_normal_velocities: whether the velocities' noise is normal instead, with this standard deviation.
    bonus: what a step pays for being alive.
    needs_forward_pass: whether what is observed or kept after a reset needs MuJoCo's forward pass.
    needs_contact_forces: whether the batch must be a `bench.environments.batch.ContactBatch`.
    """

    start_noise: float
    has_normal_velocities = False
    bonus = 0.0
    needs_forward_pass = False
    needs_contact_forces = False

    def __init__(self, env: Any, batch: Batch) -> None:
        """Bind the fields that the rules read. env: Gymnasium's environment, unwrapped."""
        self.env = env
        self.positions: Floats = batch.bind("qpos")
        self.velocities: Floats = batch.bind("qvel")

    def start(self, random: np.random.Generator) -> tuple[Floats, Floats]:
        """The first positions and velocities of an episode of a run: the model's initial ones, with noise."""
        noise, joints = self.start_noise, self.env.init_qvel.size
        positions = self.env.init_qpos + random.uniform(-noise, noise, self.env.init_qpos.size)
        if self.has_normal_velocities:
            return positions, self.env.init_qvel + noise * random.standard_normal(joints)
        return positions, self.env.init_qvel + random.uniform(-noise, noise, joints)

    def before(self, observations: Floats) -> Floats:
        """What a step's reward needs of the state before it: by default the observations, `[run, …]`."""
        return observations

    def bonuses(self, terminated: Bools) -> Floats:
        """The bonus of each run: in v4 every step pays it, the terminal one, too."""
        return np.full(len(terminated), self.bonus)

    def after(self, before: Floats, controls: Floats) -> tuple[Floats, Bools]:
        """The step's rewards, and whether it ended the episode, both `[run]`. controls: `[run, action]`."""
        raise NotImplementedError

    def observe(self) -> Floats:
        """What the policies observe, `[run, observation]`."""
        raise NotImplementedError


class Locomotion(Task):
    """Run forward at little cost; an episode ends when the body is not healthy."""

    # How many of the first positions, which say where the body is, are not observed.
    hidden_positions = 1

    def __init__(self, env: Any, batch: Batch) -> None:
        super().__init__(env, batch)
        self.start_noise = env._reset_noise_scale
        self.step_seconds = env.dt
        # Ant's v4 has no weight, and robots that are always healthy have no bonus.
        self.forward_weight = getattr(env, "_forward_reward_weight", 1.0)
        self.bonus = getattr(env, "_healthy_reward", 0.0)

    def before(self, observations: Floats) -> Floats:
        """The coordinate whose change is paid for, `[run]`."""
        return self.coordinate().copy()

    def after(self, before: Floats, controls: Floats) -> tuple[Floats, Bools]:
        """Pay for forward velocity and health, less the costs."""
        terminated = ~self.healthy()
        velocity = (self.coordinate() - before) / self.step_seconds
        rewards = (self.forward_weight * velocity + self.bonuses(terminated)) - self.costs(controls)
        return rewards, terminated

    def coordinate(self) -> Floats:
        """The coordinate x of each body, `[run]`."""
        return self.positions[:, 0]

    def costs(self, controls: Floats) -> Floats:
        """What each run's step costs, `[run]`: by default the control cost alone."""
        return self.env._ctrl_cost_weight * np.square(controls).sum(axis=-1)

    def observe(self) -> Floats:
        """Positions that are not hidden, and velocities."""
        seen = self.positions[:, self.hidden_positions :]
        return np.concatenate([seen, self.observed_velocities()], axis=1)

    def observed_velocities(self) -> Floats:
        """Velocities as they are observed, `[run, joint]`."""
        return self.velocities

    def healthy(self) -> Bools:
        """Whether each body is healthy, `[run]`: by default always."""
        return np.ones(len(self.positions), dtype=bool)
