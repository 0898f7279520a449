"""The rules of Gymnasium's v4 environments.

Tests hold every class bit-equal to `gymnasium.make`, but for Reacher's distance, whose last bit in Gymnasium
depends on the processor.
"""

import math
from typing import Any

import numpy as np
from mujoco.batch import Batch

from bench.environments.tasks import Bools, Floats, Locomotion, Task


class HalfCheetah(Locomotion):
    """Only the time limit ends an episode."""

    has_normal_velocities = True


class Swimmer(Locomotion):
    """Only the time limit ends an episode; x and y are hidden."""

    hidden_positions = 2


class Walker2d(Locomotion):
    """The body is healthy while the torso is neither too low, too high nor too inclined."""

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


class Ant(Locomotion):
    """Four legs on a free body: the torso is healthy while it is neither too low nor too high."""

    has_normal_velocities = True
    hidden_positions = 2
    needs_forward_pass = True

    def __init__(self, env: Any, batch: Batch) -> None:
        super().__init__(env, batch)
        self.torsos: Floats = batch.bind("xpos")[:, env.model.body("torso").id]

    def coordinate(self) -> Floats:
        """The torso's x as MuJoCo last computed it, which is before the end of a step, `[run]`."""
        return self.torsos[:, 0]

    def healthy(self) -> Bools:
        """Whether the torso's height is within its range, and all numbers are finite."""
        low, high = self.env._healthy_z_range
        z, state = self.positions[:, 2], np.concatenate([self.positions, self.velocities], axis=1)
        return np.isfinite(state).all(axis=1) & (low <= z) & (z <= high)


class Humanoid(Locomotion):
    """Two legs and two arms on a free body, which is healthy while it is neither too low nor too high."""

    hidden_positions = 2
    needs_forward_pass = True
    needs_contact_forces = True
    # How many of the first bodies and actuated joints are not observed beyond positions and velocities.
    hidden_bodies, hidden_actuated = 0, 0

    def __init__(self, env: Any, batch: Any) -> None:
        super().__init__(env, batch)
        self.masses: Floats = env.model.body_mass
        self.centers: Floats = batch.bind("xipos")
        self.inertias: Floats = batch.bind("cinert")
        self.body_velocities: Floats = batch.bind("cvel")
        self.actuator_forces: Floats = batch.bind("qfrc_actuator")
        self.contact_forces: Floats = batch.contact_forces

    def coordinate(self) -> Floats:
        """The x of the center of mass as MuJoCo last computed it, `[run]`."""
        # Body by body, because the order in which NumPy adds depends on the number of runs.
        weighted = (mass * self.centers[:, body, 0] for body, mass in enumerate(self.masses))
        return sum(weighted, np.zeros(len(self.centers))) / self.masses.sum()

    def healthy(self) -> Bools:
        """Whether the height of the body is within its range."""
        low, high = self.env._healthy_z_range
        z = self.positions[:, 2]
        return (low < z) & (z < high)

    def observe(self) -> Floats:
        """Positions and velocities; each body's inertia and velocity; actuator forces; contact forces."""
        runs, first = len(self.positions), self.hidden_bodies
        return np.concatenate(
            [
                super().observe(),
                self.inertias[:, first:].reshape(runs, -1),
                self.body_velocities[:, first:].reshape(runs, -1),
                self.actuator_forces[:, self.hidden_actuated :],
                self.contact_forces[:, first:].reshape(runs, -1),
            ],
            axis=1,
        )


class InvertedPendulum(Task):
    """Keep the pole within 0.2 rad of upright."""

    start_noise = 0.01
    bonus = 1.0

    def after(self, before: Floats, controls: Floats) -> tuple[Floats, Bools]:
        """Pay the bonus alone."""
        terminated = ~np.isfinite(self.observe()).all(axis=1) | (np.abs(self.positions[:, 1]) > 0.2)
        return self.bonuses(terminated), terminated

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

    def after(self, before: Floats, controls: Floats) -> tuple[Floats, Bools]:
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
        return np.array(rewards), terminated

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

    def after(self, before: Floats, controls: Floats) -> tuple[Floats, Bools]:
        """Pay minus the distance, less the control cost."""
        # Gymnasium's norm is a product of the BLAS library, whose last bit depends on the processor.
        x, y, z = before.T
        distances = np.sqrt(x * x + y * y + z * z)
        rewards = -distances + -np.square(controls).sum(axis=-1)
        return rewards, np.zeros(len(rewards), dtype=bool)

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
    for task in (
        Ant,
        HalfCheetah,
        Hopper,
        Humanoid,
        InvertedDoublePendulum,
        InvertedPendulum,
        Reacher,
        Swimmer,
        Walker2d,
    )
}
