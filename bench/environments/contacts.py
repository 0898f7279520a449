"""Contact forces as Gymnasium's environments have them, for a batch of simulations."""

import mujoco
import numpy as np
from mujoco.batch import Batch
from numpy.typing import NDArray


class ContactBatch(Batch):  # type: ignore[misc]  # MuJoCo has no types
    """A batch that has contact forces, too; they cost about a twentieth of a step's time.

    contact_forces: MuJoCo's `cfrc_ext`, torque and force on each body from outside, `[run, body, 6]`. A step
        does not compute them, so that Gymnasium does it after each; at the start of an episode they are 0.
    """

    def __init__(self, model: mujoco.MjModel, nsim: int, nthread: int) -> None:
        super().__init__(model, nsim, nthread, persistent=True)
        self.contact_forces: NDArray[np.float64] = np.zeros((nsim, model.nbody, 6))
        self._copy = mujoco.MjData(model)

    def step(self, ids: NDArray[np.intp] | None = None, nstep: int = 1) -> None:
        """Advance each simulation, and compute its contact forces."""
        super().step(ids, nstep)
        for run in range(self.nsim) if ids is None else ids:
            data = self.get_data(run, self._copy)
            mujoco.mj_rnePostConstraint(self.model, data)
            self.contact_forces[run] = data.cfrc_ext

    def forward(self, ids: NDArray[np.intp]) -> None:
        """Compute what is observed at the start of an episode, when no forces are known."""
        super().forward(ids)
        self.contact_forces[ids] = 0
