"""What the protocol's choices move: each variant's settings less the default's, on the default's scale."""

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd

from bench.common.errors import UserError
from bench.protocol.environments import ENVIRONMENT_VERSION, without_version
from bench.protocol.protocol import UNTRAINED
from bench.protocol.settings import PAPER_SETTINGS
from bench.protocol.variants import VARIANTS, folder_of
from bench.results.folder import Results, open_results
from bench.results.reading import KEYS, final_scores, runs_table
from bench.scores.estimates import improvement, mean
from bench.scores.grid import Grid
from bench.scores.pairs import differences
from bench.scores.paper import of_one_seed
from bench.scores.report import Report

# Beyond this difference of normalized scores, in either direction, an interval is off the scale: the best run
# scores 1, so a mean that far away is that of one or two runs.
FAR = 100


@dataclass(frozen=True)
class VariantsReport:
    """The variants that have runs, beside the default. Environments have the default's ids.

    default: the report of the default's runs.
    scores: one line a run of a variant: variant, environment, setting, seed, score, diverged. The default has
        runs in each environment and setting, too.
    untrained: one line a variant and environment: variant, environment, untrained, which is what the policy
        returns before training.
    """

    default: Report
    scores: pd.DataFrame
    untrained: pd.DataFrame

    @cached_property
    def names(self) -> list[str]:
        """Names of the variants with runs, in `VARIANTS`' order."""
        present = set(self.scores["variant"])
        return [name for name in VARIANTS if name in present]

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """Each variant with each setting that it has runs of."""
        present = set(zip(self.scores["variant"], self.scores["setting"], strict=True))
        return [
            (variant, setting)
            for variant in self.names
            for setting in PAPER_SETTINGS
            if (variant, setting) in present
        ]

    @cached_property
    def grid(self) -> Grid:
        """The default's runs, and the variants' under names that `_named` gives, on the default's scale."""
        names = zip(self.scores["variant"], self.scores["setting"], strict=True)
        named = self.scores.assign(setting=[_named(*pair) for pair in names])
        lines = pd.concat([each[[*KEYS, "score"]] for each in (self.default.all_scores, named)])
        return Grid.of(lines, self.default.grid.scale)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One line a variant and setting: variant, setting, score, default_score, and what follows.

        difference, low, high: of the scores, with Welch's interval of 95 %. p: of his test. p_holm: corrected
        for all lines of this table. runs, diverged: counts. Where the variant or the default lacks runs in an
        environment, scores are not comparable: score and difference are NaN.
        """
        named = [(_named(*pair), pair[1]) for pair in self.pairs]
        scores = dict(zip(self.grid.settings, mean(self.grid.normalized()).value, strict=True))
        found = differences(self.grid, named).drop(columns=["setting", "other"])
        missing = np.isnan(self.grid.returns).all(axis=-1).sum(axis=-1)
        gaps = dict(zip(self.grid.settings, missing.tolist(), strict=True))
        comparable = pd.Series([gaps[mine] == gaps[theirs] == 0 for mine, theirs in named])
        counts = self.scores.groupby(["variant", "setting"]).agg(
            runs=("score", "size"), diverged=("diverged", "sum")
        )
        heads = pd.DataFrame(self.pairs, columns=["variant", "setting"]).assign(
            score=pd.Series([scores[mine] for mine, _ in named]).where(comparable),
            default_score=[scores[theirs] for _, theirs in named],
        )
        found["difference"] = found["difference"].where(comparable)
        return pd.concat([heads, found], axis=1).join(counts, on=["variant", "setting"])

    @cached_property
    def by_environment(self) -> pd.DataFrame:
        """One line a variant, setting and environment: these three, and what follows.

        mean, std: returns, NaN without runs. default_mean: of the default's. untrained: the variant's own
        policy before training. difference, low, high, p: of the normalized scores, as in `table`.
        improvement: the probability that a run of the variant beats one of the default's. unchanged: whether
        every run of the variant scores what the default's run of its seed does. score_without: the variant's
        score over the other environments.
        """
        grid, tables = self.grid, []
        heads = pd.DataFrame(self.pairs, columns=["variant", "setting"])
        mine = grid.only([_named(*pair) for pair in self.pairs])
        theirs = grid.only([setting for _, setting in self.pairs])
        for place, environment in enumerate(grid.environments):
            first, second = (_in_one(each, place) for each in (mine, theirs))
            difference = mean(first.normalized()) - mean(second.normalized())
            low, high = difference.interval
            runs = np.isfinite(first.returns)
            unchanged = runs.any(axis=-1) & ((first.returns == second.returns) | ~runs).all(axis=-1)
            _, (beats, _, _) = improvement(first.returns, second.returns)
            columns = {
                "mean": mean(first.returns).value,
                "std": np.sqrt(of_one_seed(first.returns)),
                "default_mean": mean(second.returns).value,
                "difference": difference.value,
                "low": low,
                "high": high,
                "p": difference.p,
                "improvement": beats[:, 0],
                "unchanged": unchanged[:, 0],
                "score_without": mean(np.delete(mine.normalized(), place, axis=1)).value,
            }
            tables.append(heads.assign(environment=environment, **columns))
        table = pd.concat(tables).reset_index(names="place").sort_values(["place", "environment"])
        table = table.drop(columns="place").reset_index(drop=True)
        return table.merge(self.untrained, on=["variant", "environment"], how="left")

    @cached_property
    def off_scale(self) -> pd.DataFrame:
        """The lines of `by_environment` whose difference has an interval that reaches beyond ±`FAR`."""
        table = self.by_environment
        return table[(table[["low", "high"]].abs() > FAR).any(axis=1)]

    @property
    def scores_off_scale(self) -> set[tuple[str, str]]:
        """The variants and settings whose score such a difference is a part of."""
        return set(zip(self.off_scale["variant"], self.off_scale["setting"], strict=True))

    @cached_property
    def order(self) -> pd.DataFrame:
        """One line a variant and pair of its settings: whether the variant changes their order.

        variant, setting, other; difference, low, high, p and p_holm: of the two scores under the variant, as
        `bench.scores.pairs.differences` has them; default_difference, default_low, default_high: under the
        default. A setting that lacks runs in an environment is in no pair.
        """
        whole = self.table.dropna(subset="difference").groupby("variant", sort=False)["setting"]
        pairs = [(variant, *pair) for variant, names in whole for pair in combinations(names, 2)]
        if not pairs:
            return pd.DataFrame()
        named = [(_named(variant, one), _named(variant, other)) for variant, one, other in pairs]
        mine = differences(self.grid, named).drop(columns=["setting", "other"])
        theirs = differences(self.grid, [pair[1:] for pair in pairs])[["difference", "low", "high"]]
        heads = pd.DataFrame(pairs, columns=["variant", "setting", "other"])
        return pd.concat([heads, mine, theirs.add_prefix("default_")], axis=1)


def variants_report(results: Results, default: Report) -> VariantsReport:
    """The variants in a results folder.

    default: the report of its own runs.

    Raises:
        UserError: for a variant's folder that can't be used or is of another length; when there is no run to
            compare.
    """
    scores, untrained = [], []
    for name in VARIANTS:
        folder = folder_of(results.path, name)
        if not folder.exists():
            continue
        variant = open_results(folder, results.protocol.timesteps, create=False, protocol=VARIANTS[name])
        runs = {run for run in variant.finished() if run.setting in PAPER_SETTINGS}
        if runs:
            scores.append(_of_default_ids(final_scores(runs_table(variant, runs))).assign(variant=name))
            random = _of_default_ids(variant.random_scores()).rename(columns={"score": "untrained"})
            random = random[random["policy"] == UNTRAINED].assign(variant=name)
            untrained.append(random[["variant", "environment", "untrained"]])
    if not scores:
        raise UserError(
            f"no run of the paper's settings is finished in a variant of {results.path}:"
            " train --variant NAME first"
        )
    known = default.all_scores[["environment", "setting"]].drop_duplicates()
    comparable = pd.concat(scores, ignore_index=True).merge(known, on=["environment", "setting"])
    if comparable.empty:
        raise UserError(f"{results.path} has no run of the default to compare with: train first")
    return VariantsReport(default, comparable, pd.concat(untrained, ignore_index=True))


def _of_default_ids(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the environments' ids that the default has."""
    names = [f"{without_version(each)}-{ENVIRONMENT_VERSION}" for each in table["environment"]]
    return table.assign(environment=names)


def _named(variant: str, setting: str) -> str:
    return f"{setting} of {variant}"


def _in_one(grid: Grid, place: int) -> Grid:
    """The grid's part in one environment."""
    environments = (grid.environments[place],)
    return dataclasses.replace(grid, returns=grid.returns[:, [place]], environments=environments)
