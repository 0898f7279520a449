"""What the seven environments add to the physics of many runs: starts, observations, rewards, terminations.

These are Gymnasium's operations in their order, over arrays with a leading axis `run`. Weights and ranges are
read from Gymnasium's environment. Tests hold every class bit-equal to `gymnasium.make`, but for Reacher's
distance, whose last bit in Gymnasium depends on the processor.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from mujoco.batch import Batch
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Outcome(NamedTuple):
    """Rewards of a step, `[run]`, and whether it terminated the episode, `[run]`."""

    rewards: Floats
    terminated: Bools


class Task:
    """The rules of an environment, over a batch of simulations.

    positions, velocities: of the simulations' joints, `[run, joint]`.
    start_noise: the largest noise of an episode's first positions and velocities, which is uniform.
    has_normal_velocities: whether the velocities' noise is normal instead, with this standard deviation.
    bonus: what a step pays for being alive.
    needs_forward_pass: whether what is observed after a reset needs MuJoCo's forward pass.
    """

    start_noise: float
    has_normal_velocities = False
    bonus = 0.0
    needs_forward_pass = False

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
        """What the reward needs of the state before the step: by default the observations, `[run, …]`."""
        return observations

    def bonuses(self, terminated: Bools) -> Floats:
        """The bonus of each run: in v4 every step pays it, the terminal one, too."""
        return np.full(len(terminated), self.bonus)

    def after(self, before: Floats, controls: Floats) -> Outcome:
        """Rewards and terminations, after the step. controls: `[run, action]`."""
        raise NotImplementedError

    def observe(self) -> Floats:
        """What the policies observe, `[run, observation]`."""
        raise NotImplementedError


class Locomotion(Task):
    """Run forward at little control cost; an episode ends when the body is not healthy."""

    # How many of the first positions, which say where the body is, are not observed.
    hidden_positions = 1

    def __init__(self, env: Any, batch: Batch) -> None:
        super().__init__(env, batch)
        self.start_noise = env._reset_noise_scale
        self.step_seconds = env.dt

    def before(self, observations: Floats) -> Floats:
        """The coordinate x of each body, `[run]`."""
        return self.positions[:, 0].copy()

    def after(self, before: Floats, controls: Floats) -> Outcome:
        """Pay for forward velocity and health, less the control cost."""
        terminated = ~self.healthy()
        velocity = (self.positions[:, 0] - before) / self.step_seconds
        forward = self.env._forward_reward_weight * velocity
        cost = self.env._ctrl_cost_weight * np.square(controls).sum(axis=-1)
        rewards = (forward + self.bonuses(terminated)) - cost
        return Outcome(rewards, terminated)

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


class HalfCheetah(Locomotion):
    """Only the time limit ends an episode."""

    has_normal_velocities = True


class Swimmer(Locomotion):
    """Only the time limit ends an episode; x and y are hidden."""

    hidden_positions = 2


class Walker2d(Locomotion):
    """The body is healthy while the torso is neither too low, too high nor too inclined."""

    def __init__(self, env: Any, batch: Batch) -> None:
        super().__init__(env, batch)
        self.bonus = env._healthy_reward

    def observed_velocities(self) -> Floats:
        """Clipped to [-10, 10]."""
        return self.velocities.clip(-10, 10)

    def healthy(self) -> Bools:
        """Whether height and angle of the torso are within their ranges."""
        low_z, high_z = self.env._healthy_z_range
        low_angle, high_angle = self.env._healthy_angle_range
        z, angle = self.positions[:, 1], self.positions[:, 2]
        return (low_z < z) & (z < high_z) & (low_angle < angle) & (angle < high_angle)


class Hopper(Walker2d):
    """The body is healthy while, besides, all other positions and velocities are within a range."""

    def healthy(self) -> Bools:
        """Whether the torso and all else are within their ranges."""
        low, high = self.env._healthy_state_range
        state = np.concatenate([self.positions[:, 2:], self.velocities], axis=1)
        return super().healthy() & ((low < state) & (state < high)).all(axis=1)


class InvertedPendulum(Task):
    """Keep the pole within 0.2 rad of upright."""

    start_noise = 0.01
    bonus = 1.0

    def after(self, before: Floats, controls: Floats) -> Outcome:
        """Pay the bonus alone."""
        terminated = ~np.isfinite(self.observe()).all(axis=1) | (np.abs(self.positions[:, 1]) > 0.2)
        return Outcome(self.bonuses(terminated), terminated)

    def observe(self) -> Floats:
        """Positions and velocities."""
        return np.concatenate([self.positions, self.velocities], axis=1)


class InvertedDoublePendulum(Task):
    """Keep the tip of two poles above 1 m."""

    start_noise = 0.1
    has_normal_velocities = True
    bonus = 10.0
    needs_forward_pass = True
    observed_forces = 3

    def __init__(self, env: Any, batch: Batch) -> None:
        super().__init__(env, batch)
        self.sites: Floats = batch.bind("site_xpos")
        self.constraint_forces: Floats = batch.bind("qfrc_constraint")

    def after(self, before: Floats, controls: Floats) -> Outcome:
        """Pay the bonus, less the costs of the tip's distance from (0, 2) and of the poles' velocities."""
        heights = self.sites[:, 0, 2]
        terminated = heights <= 1
        # Number by number, because NumPy squares arrays by a product, and Gymnasium its scalars by pow.
        rewards = [
            bonus - (0.01 * x**2 + (y - 2) ** 2) - (1e-3 * v1**2 + 5e-3 * v2**2)
            for bonus, x, y, v1, v2 in zip(
                self.bonuses(terminated).tolist(),
                self.sites[:, 0, 0].tolist(),
                heights.tolist(),
                self.velocities[:, 1].tolist(),
                self.velocities[:, 2].tolist(),
                strict=True,
            )
        ]
        return Outcome(np.array(rewards), terminated)

    def observe(self) -> Floats:
        """The cart's position, the poles' angles, and clipped velocities and constraint forces."""
        angles = np.ascontiguousarray(self.positions[:, 1:])
        return np.concatenate(
            [
                self.positions[:, :1],
                np.sin(angles),
                np.cos(angles),
                self.velocities.clip(-10, 10),
                self.constraint_forces[:, : self.observed_forces].clip(-10, 10),
            ],
            axis=1,
        )


class Reacher(Task):
    """Bring the fingertip to the target. The reward is that of the distance before the step."""

    needs_forward_pass = True
    observed_coordinates = 3

    def __init__(self, env: Any, batch: Batch) -> None:
        super().__init__(env, batch)
        bodies = batch.bind("xpos")
        self.fingertips: Floats = bodies[:, env.model.body("fingertip").id]
        self.targets: Floats = bodies[:, env.model.body("target").id]

    def start(self, random: np.random.Generator) -> tuple[Floats, Floats]:
        """An arm that is almost straight and at rest, and a target at rest, uniform over a disk."""
        positions = random.uniform(-0.1, 0.1, self.env.init_qpos.size) + self.env.init_qpos
        while True:
            target = random.uniform(-0.2, 0.2, 2)
            if math.sqrt(target[0] * target[0] + target[1] * target[1]) < 0.2:
                break
        velocities = self.env.init_qvel + random.uniform(-0.005, 0.005, self.env.init_qvel.size)
        # The last two joints move the target.
        positions[-2:] = target
        velocities[-2:] = 0
        return positions, velocities

    def before(self, observations: Floats) -> Floats:
        """The fingertip's position relative to the target's, which ends the observation."""
        return observations[:, -3:]

    def after(self, before: Floats, controls: Floats) -> Outcome:
        """Pay minus the distance, less the control cost."""
        # Gymnasium's norm is a product of the BLAS library, whose last bit depends on the processor.
        x, y, z = before.T
        distances = np.sqrt(x * x + y * y + z * z)
        rewards = -distances + -np.square(controls).sum(axis=-1)
        return Outcome(rewards, np.zeros(len(rewards), dtype=bool))

    def displacements(self) -> Floats:
        """The fingertip's position relative to the target's, `[run, coordinate]`."""
        return self.fingertips - self.targets

    def observe(self) -> Floats:
        """The arm's angles, the target, the arm's velocities, and the fingertip relative to the target."""
        angles = np.ascontiguousarray(self.positions[:, :2])
        return np.concatenate(
            [
                np.cos(angles),
                np.sin(angles),
                self.positions[:, 2:],
                self.velocities[:, :2],
                self.displacements()[:, : self.observed_coordinates],
            ],
            axis=1,
        )


# By the name of the environment, without its version.
TASKS: dict[str, type[Task]] = {
    task.__name__: task
    for task in (HalfCheetah, Hopper, InvertedDoublePendulum, InvertedPendulum, Reacher, Swimmer, Walker2d)
}
