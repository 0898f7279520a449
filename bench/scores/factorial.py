"""What a score of -0.39 without clipping needs: the first part of study C of `results/studies.md`.

16 protocols are a half fraction of a factorial of five choices, of resolution V: no main effect or two-way
interaction is confounded with another. The level of a choice is 1 at its default and -1 at its other value;
that of the time limit is the product of the other four, so the default protocol is one of the 16.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product

import numpy as np
import pandas as pd

from bench.common.errors import UserError
from bench.protocol.changes import change_protocol
from bench.protocol.protocol import DEFAULT, UNIFORM, UNTRAINED, Run
from bench.protocol.settings import UNCONSTRAINED
from bench.results.folder import Results, open_results
from bench.results.reading import final_scores, runs_table
from bench.scores.estimates import RUNS_FOR_INTERVAL, Estimate, correct_by_holm
from bench.scores.scale import Floats

# Within the default's results folder: a results folder for each protocol but the default, of its name.
FOLDER = "factorial"
# Each choice with its value other than the default; the level of the last follows from the others.
FACTORS = {
    "observation_filter": "none",
    "advantages": "raw",
    "stepsize_schedule": "linear_with_clip_range",
    "rewards": "scaled",
    "time_limit": "bootstrap",
}
DEFAULT_CELL = "default"
# Where a protocol must end below the random policy, and where not.
LOW, NOT_LOW = "HalfCheetah-v4", "Reacher-v4"
# Seeds 0 to 2 suggested the factors.
SEEDS = range(3, 13)
Levels = tuple[int, ...]


def find_cells() -> dict[str, Levels]:
    """The levels of the factors in each protocol, by its name: what `--set` takes, joined by +."""
    cells = {}
    for levels in product((1, -1), repeat=len(FACTORS) - 1):
        whole = (*levels, int(np.prod(levels)))
        changes = [f"{name}={FACTORS[name]}" for name, level in zip(FACTORS, whole, strict=True) if level < 0]
        cells["+".join(changes) or DEFAULT_CELL] = whole
    return cells


CELLS: Mapping[str, Levels] = find_cells()


@dataclass(frozen=True)
class FactorialTables:
    """What the protocols give, computed when asked for.

    scores: one line a run: cell, environment, seed, score.
    random: one line a cell, environment and random policy: cell, environment, policy, score, standard_error.
    """

    scores: pd.DataFrame
    random: pd.DataFrame

    @property
    def runs(self) -> pd.Series:
        """How many runs each cell has in each environment, by cell and environment."""
        every = pd.MultiIndex.from_product([CELLS, (LOW, NOT_LOW)], names=["cell", "environment"])
        return self.scores.groupby(["cell", "environment"]).size().reindex(every, fill_value=0)

    @cached_property
    def means(self) -> pd.DataFrame:
        """By cell and environment: mean, its standard_error, and what both random policies return.

        Columns mean, standard_error, uniform, uniform_error, untrained, untrained_error.
        """
        groups = self.scores.groupby(["cell", "environment"])["score"]
        table = pd.DataFrame({"mean": groups.mean(), "standard_error": groups.sem()})
        for policy in (UNIFORM, UNTRAINED):
            lines = self.random[self.random["policy"] == policy].set_index(["cell", "environment"])
            table[policy], table[f"{policy}_error"] = lines["score"], lines["standard_error"]
        return table.reindex(self.runs.index)

    @cached_property
    def criteria(self) -> pd.DataFrame:
        """One line a cell: cell, the means in both environments, and whether they fit.

        halfcheetah, reacher: means, and `…_error`, their standard errors. fits_uniform, fits_untrained:
        whether HalfCheetah's is below the random policy's and Reacher's is not, by either reading of random.
        margin: the smaller of the two distances from the uniform policy, in standard errors of the distance,
        positive where a protocol fits by it. The best margin comes first.
        """
        low, high = (self.means.xs(name, level="environment") for name in (LOW, NOT_LOW))
        table = pd.DataFrame({"halfcheetah": low["mean"], "halfcheetah_error": low["standard_error"]})
        table = table.assign(reacher=high["mean"], reacher_error=high["standard_error"])
        for policy in (UNIFORM, UNTRAINED):
            table[f"fits_{policy}"] = (low["mean"] < low[policy]) & (high["mean"] >= high[policy])
        table["margin"] = np.minimum(_distance(low), -_distance(high))
        return table.sort_values("margin", ascending=False, kind="stable").reset_index()

    @cached_property
    def effects(self) -> pd.DataFrame:
        """One line an environment and effect: environment, effect, value, low, high, p and p_holm.

        An effect is of what sign(d) log(1 + |d|) becomes when a choice leaves its default, with d the final
        return less the uniform policy's, on average over the other choices. Of two choices joined by × it is
        half of what both do beyond the sum of what each does alone. The interval of
        95 % and p are Welch's, from the spread within the cells. p_holm: corrected for the environment.
        """
        names = list(FACTORS)
        terms = [(name,) for name in names] + list(combinations(names, 2))
        # The change to -1 is what is asked for; an interaction's sign is that of the product of changes.
        levels = np.array(list(CELLS.values()))
        signs = np.array([np.prod([-levels[:, names.index(each)] for each in term], 0) for term in terms])
        tables = []
        for environment in (LOW, NOT_LOW):
            effect = find_effects(self._transformed(environment), signs)
            table = pd.DataFrame({"environment": environment, "effect": [" × ".join(term) for term in terms]})
            table = table.assign(**effect.as_columns("value", ("low", "high")), p=effect.p)
            tables.append(table.assign(p_holm=correct_by_holm(effect.p)))
        return pd.concat(tables, ignore_index=True)

    def _transformed(self, environment: str) -> list[Floats]:
        """The runs of each cell in an environment, as `effects` has them."""
        runs = self.scores[self.scores["environment"] == environment].groupby("cell")["score"]
        uniform = self.means.xs(environment, level="environment")[UNIFORM]
        distances = [runs.get_group(cell).to_numpy() - uniform[cell] for cell in CELLS]
        return [np.sign(distance) * np.log1p(np.abs(distance)) for distance in distances]


def _distance(means: pd.DataFrame) -> pd.Series:
    """How far the uniform policy is above the runs' mean, in standard errors."""
    error = np.hypot(means["standard_error"], means[f"{UNIFORM}_error"])
    distance: pd.Series = (means[UNIFORM] - means["mean"]) / error
    return distance


def find_effects(cells: list[Floats], signs: Floats) -> Estimate:
    """Effects of a factorial, each the mean of the cells with sign 1 less that of those with -1.

    cells: the runs of each cell. signs: `[effect, cell]`.
    """
    half = signs.shape[1] / 2
    means = np.array([runs.mean() for runs in cells])
    counts = np.array([len(runs) for runs in cells])
    parts = np.array([runs.var(ddof=1) for runs in cells]) / counts / half**2
    value = signs @ means / half
    every = np.ones_like(value)
    return Estimate(value, every * parts.sum(), every * (parts**2 / (counts - 1)).sum())


def read_factorial(results: Results) -> FactorialTables | None:
    """The finished runs of the factorial in and below the default's results folder; None before all cells.

    Raises:
        UserError: for a folder that can't be used, is of another protocol than its name says, or lacks what
            random policies return.
    """
    scores, random = [], []
    for cell in CELLS:
        opened = open_cell(results, cell)
        if opened is None:
            return None
        planned = {Run(name, UNCONSTRAINED, seed) for name in (LOW, NOT_LOW) for seed in SEEDS}
        if not (runs := planned & opened.finished()):
            return None
        scores.append(final_scores(runs_table(opened, runs)).assign(cell=cell))
        random.append(opened.random_scores().assign(cell=cell))
    tables = FactorialTables(pd.concat(scores, ignore_index=True), pd.concat(random, ignore_index=True))
    if tables.runs.min() < RUNS_FOR_INTERVAL:
        return None
    unknown = tables.means[[UNIFORM, UNTRAINED]].isna().any(axis=1)
    for cell, environment in tables.means.index[unknown]:
        raise UserError(
            f"{FOLDER}: {cell} can't be compared: not both random policies measured in {environment}"
        )
    return tables


def open_cell(results: Results, cell: str) -> Results | None:
    """Open the results folder of a protocol, which is the default's for the default; None if it has none.

    Raises:
        UserError: for a folder that can't be used, or is of another protocol than its name says.
    """
    if cell == DEFAULT_CELL:
        return results
    folder = results.path / FOLDER / cell
    if not folder.exists():
        return None
    return open_results(
        folder, results.protocol.timesteps, create=False, protocol=change_protocol(DEFAULT, cell.split("+"))
    )
