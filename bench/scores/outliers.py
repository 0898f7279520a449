"""Runs that lie far from the others of their setting and environment."""

import numpy as np
import pandas as pd

# Beyond this modified z-score a run is an outlier (Iglewicz and Hoaglin 1993).
FAR = 3.5
# Below this distance on the scale of the table it is none, however alike the others are.
LEAST_DISTANCE = 0.1
# A median of fewer runs says little about where the others lie.
LEAST_RUNS = 5


def outliers(scores: pd.DataFrame) -> pd.DataFrame:
    """Those of the runs that are outliers, with further columns median and z.

    z: 0.6745 (x - median) / MAD, with the median absolute deviation of the runs of the setting in the
        environment; infinite where that is 0.

    scores: columns environment, setting, seed, normalized.
    """
    runs = scores.groupby(["environment", "setting"])["normalized"]
    medians = runs.transform("median")
    distances = scores["normalized"] - medians
    deviations = distances.abs().groupby([scores["environment"], scores["setting"]]).transform("median")
    with np.errstate(divide="ignore", invalid="ignore"):
        z = 0.6745 * distances / deviations
    far = (z.abs() > FAR) & (distances.abs() > LEAST_DISTANCE) & (runs.transform("size") >= LEAST_RUNS)
    return scores.assign(median=medians, z=z)[far]
