"""Where the rules of Gymnasium's v5 differ from those of v4; all else is `bench.environments.v4`.

HalfCheetah and Swimmer have the same rules in both. Walker2d has another model besides, whose right foot has
the friction of the left one, 1.9 instead of 0.9.
"""

from typing import Any

import numpy as np

from bench.environments import v4
from bench.environments.tasks import Bools, Floats, Task


class PaidWhileAlive(Task):
    """A task whose terminal step pays no bonus."""

    def bonuses(self, terminated: Bools) -> Floats:
        """The bonus of each run whose episode goes on, `[run]`."""
        return np.where(terminated, 0.0, self.bonus)


class Walker2d(PaidWhileAlive, v4.Walker2d):
    """No bonus in the terminal step."""


class Hopper(PaidWhileAlive, v4.Hopper):
    """No bonus in the terminal step."""


class Ant(PaidWhileAlive, v4.Ant):
    """No bonus in the terminal step. Contact forces are observed, but for the world's, and cost."""

    needs_contact_forces = True

    def __init__(self, env: Any, batch: Any) -> None:
        super().__init__(env, batch)
        self.torsos = batch.bind("xpos")[:, env.model.body(env._main_body).id]
        self.contact_forces: Floats = batch.contact_forces

    def clipped_forces(self) -> Floats:
        """The contact forces on each body within their range, `[run, body, 6]`."""
        return self.contact_forces.clip(*self.env._contact_force_range)

    def costs(self, controls: Floats) -> Floats:
        """The control cost and the contact cost."""
        squares = np.square(self.clipped_forces()).reshape(len(controls), -1)
        return super().costs(controls) + self.env._contact_cost_weight * squares.sum(axis=-1)

    def observe(self) -> Floats:
        """Positions, velocities and clipped contact forces."""
        forces = self.clipped_forces()[:, 1:]
        return np.concatenate([super().observe(), forces.reshape(len(forces), -1)], axis=1)


class Humanoid(PaidWhileAlive, v4.Humanoid):
    """No bonus in the terminal step; contact forces cost. What is always 0 is not observed.

    That is the world's row of each body's numbers, and the actuator forces of the free joint.
    """

    hidden_bodies, hidden_actuated = 1, 6

    def costs(self, controls: Floats) -> Floats:
        """The control cost, and the contact cost within its range."""
        squares = np.square(self.contact_forces).reshape(len(controls), -1)
        contact = self.env._contact_cost_weight * squares.sum(axis=-1)
        return super().costs(controls) + contact.clip(*self.env._contact_cost_range)


class InvertedPendulum(PaidWhileAlive, v4.InvertedPendulum):
    """No bonus in the terminal step, which pays 0."""


class InvertedDoublePendulum(PaidWhileAlive, v4.InvertedDoublePendulum):
    """No bonus in the terminal step. Two constraint forces, which are always 0, are not observed."""

    observed_forces = 1


class Reacher(v4.Reacher):
    """The step pays for the distance after it. The third coordinate, which is always 0, is not observed."""

    observed_coordinates = 2

    def after(self, before: Floats, controls: Floats) -> tuple[Floats, Bools]:
        """Pay minus the distance now, less the control cost."""
        return super().after(self.displacements(), controls)


# By the name of the environment, without its version. Those of v4 are named, too: nothing is inherited that
# was not held equal to Gymnasium's v5.
TASKS: dict[str, type[Task]] = {
    task.__name__: task
    for task in (
        Ant,
        v4.HalfCheetah,
        Hopper,
        Humanoid,
        InvertedDoublePendulum,
        InvertedPendulum,
        Reacher,
        v4.Swimmer,
        Walker2d,
    )
}
