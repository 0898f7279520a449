"""Where the rules of Gymnasium's v5 differ from those of v4; all else is `bench.environments.v4`.

HalfCheetah and Swimmer have the same rules in both. Walker2d has another model besides, whose right foot has
the friction of the left one, 1.9 instead of 0.9.
"""

import numpy as np

from bench.environments import v4
from bench.environments.v4 import Bools, Floats, Outcome, Task


class PaidWhileAlive(Task):
    """A task whose terminal step pays no bonus."""

    def bonuses(self, terminated: Bools) -> Floats:
        """The bonus of each run whose episode goes on, `[run]`."""
        return np.where(terminated, 0.0, self.bonus)


class Walker2d(PaidWhileAlive, v4.Walker2d):
    """No bonus in the terminal step."""


class Hopper(PaidWhileAlive, v4.Hopper):
    """No bonus in the terminal step."""


class InvertedPendulum(PaidWhileAlive, v4.InvertedPendulum):
    """No bonus in the terminal step, which pays 0."""


class InvertedDoublePendulum(PaidWhileAlive, v4.InvertedDoublePendulum):
    """No bonus in the terminal step. Two constraint forces, which are always 0, are not observed."""

    observed_forces = 1


class Reacher(v4.Reacher):
    """The step pays for the distance after it. The third coordinate, which is always 0, is not observed."""

    observed_coordinates = 2

    def after(self, before: Floats, controls: Floats) -> Outcome:
        """Pay minus the distance now, less the control cost."""
        return super().after(self.displacements(), controls)


# By the name of the environment, without its version. Those of v4 are named, too: nothing is inherited that
# was not held equal to Gymnasium's v5.
TASKS: dict[str, type[Task]] = {
    task.__name__: task
    for task in (
        v4.HalfCheetah,
        Hopper,
        InvertedDoublePendulum,
        InvertedPendulum,
        Reacher,
        v4.Swimmer,
        Walker2d,
    )
}
