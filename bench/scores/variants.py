"""What the protocol's choices move: each variant's settings less the default's, on the default's scale."""

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product

import numpy as np
import pandas as pd

from bench.common.errors import UserError
from bench.protocol.environments import ENVIRONMENT_VERSION, without_version
from bench.protocol.protocol import UNTRAINED
from bench.protocol.published import FIGURE_3, LOW_WITHOUT_CONSTRAINT
from bench.protocol.settings import BASELINE, PAPER_SETTINGS, UNCONSTRAINED
from bench.protocol.variants import VARIANTS, folder_of
from bench.results.folder import Results, open_results
from bench.results.reading import KEYS, final_scores, runs_table
from bench.scores.analysis import Analysis
from bench.scores.estimates import (
    correct_by_holm,
    estimate_improvement,
    estimate_mean,
    split_variance_of_one_run,
)
from bench.scores.pairs import compare_settings
from bench.scores.scale import Grid

# Beyond this difference of normalized scores, in either direction, an interval is off the scale: the best run
# scores 1, so a mean that far away is that of one or two runs.
FAR = 100
# What the default is called in a table of variants.
DEFAULT = "(default)"
HEAD = ["variant", "setting"]


@dataclass(frozen=True)
class VariantTables:
    """What the variants that have runs move, computed when asked for. Environments have the default's ids.

    default: the analysis of the default's runs.
    scores: one line a run of a variant: variant, environment, setting, seed, score, diverged. The default has
        runs in each environment and setting, too.
    untrained: one line a variant and environment: variant, environment, untrained, which is what the policy
        returns before training.
    left_out: what is told of folders whose runs are of another length than the default's, a line each.
    """

    default: Analysis
    scores: pd.DataFrame
    untrained: pd.DataFrame
    left_out: tuple[str, ...] = ()

    @cached_property
    def heads(self) -> pd.DataFrame:
        """One line a variant and setting that it has runs of: variant, setting, in their usual order."""
        present = set(self.scores[HEAD].itertuples(index=False, name=None))
        pairs = [pair for pair in product(VARIANTS, PAPER_SETTINGS) if pair in present]
        return pd.DataFrame(pairs, columns=HEAD)

    @property
    def names(self) -> list[str]:
        """Names of the variants with runs."""
        return list(self.heads["variant"].unique())

    @cached_property
    def grid(self) -> Grid:
        """The default's runs, and the variants' under names that `_name` gives, on the default's scale."""
        names = [_name(*pair) for pair in self.scores[HEAD].itertuples(index=False)]
        both = (self.default.all_scores, self.scores.assign(setting=names))
        return Grid.of(pd.concat([each[[*KEYS, "score"]] for each in both]), self.default.grid.scale)

    @cached_property
    def _sides(self) -> tuple[Grid, Grid]:
        """The variants' runs of each line of `heads`, and the default's."""
        names = [_name(*pair) for pair in self.heads.itertuples(index=False)]
        return self.grid.only(names), self.grid.only(self.heads["setting"])

    @cached_property
    def table(self) -> pd.DataFrame:
        """One line a variant and setting: variant, setting, score, default_score, and what follows.

        difference, low, high: of the scores, with Welch's interval of 95 %. p: of his test. p_holm: corrected
        for all lines of this table. runs, diverged: counts. Where the variant or the default lacks runs in an
        environment, scores are not comparable: score and difference are NaN.
        """
        mine, theirs = self._sides
        found = compare_settings(self.grid, list(zip(mine.settings, theirs.settings, strict=True)))
        missing = [np.isnan(side.returns).all(axis=-1).any(axis=-1) for side in (mine, theirs)]
        table = self.heads.assign(
            score=estimate_mean(mine.normalized()).value,
            default_score=estimate_mean(theirs.normalized()).value,
        ).join(found.drop(columns=["setting", "other"]))
        table.loc[missing[0] | missing[1], ["score", "difference"]] = np.nan
        counts = self.scores.groupby(HEAD).agg(runs=("score", "size"), diverged=("diverged", "sum"))
        return table.join(counts, on=HEAD)

    @cached_property
    def by_environment(self) -> pd.DataFrame:
        """One line a variant, setting and environment: these three, and what follows.

        mean, std: returns, NaN without runs. default_mean: of the default's. difference, low, high, p: of the
        normalized scores, as in `table`. improvement: the probability that a run of the variant beats one of
        the default's. unchanged: whether every run of the variant scores what the default's run of its seed
        does. score_without: the variant's score over the other environments. untrained: the variant's own
        policy before training.
        """
        mine, theirs = self._sides
        # Each environment by itself: an axis of one environment comes before that of the runs.
        returns, others = (side.returns[..., None, :] for side in self._sides)
        scores, other_scores = (side.normalized()[..., None, :] for side in self._sides)
        difference = estimate_mean(scores) - estimate_mean(other_scores)
        there = np.isfinite(mine.returns)
        _, (beats, _, _) = estimate_improvement(mine.returns, theirs.returns)
        environments = range(len(mine.environments))
        without = [estimate_mean(np.delete(mine.normalized(), index, axis=1)).value for index in environments]
        columns = {
            "mean": estimate_mean(returns).value,
            "std": np.sqrt(split_variance_of_one_run(returns).sum(axis=-1)),
            "default_mean": estimate_mean(others).value,
            **difference.as_columns("difference", ("low", "high")),
            "p": difference.p,
            "improvement": beats,
            "unchanged": there.any(axis=-1) & ((mine.returns == theirs.returns) | ~there).all(axis=-1),
            "score_without": np.transpose(without),
        }
        heads = self.heads.merge(pd.DataFrame({"environment": mine.environments}), how="cross")
        table = heads.assign(**{name: values.flatten() for name, values in columns.items()})
        return table.merge(self.untrained, on=["variant", "environment"], how="left")

    @cached_property
    def off_scale(self) -> pd.DataFrame:
        """The lines of `by_environment` whose difference has an interval that reaches beyond ±`FAR`.

        Further columns: returns, sorted, and median of the variant's runs; default_median.
        """
        table = self.by_environment
        table = table[(table[["low", "high"]].abs() > FAR).any(axis=1)]
        keys = [*HEAD, "environment"]
        runs = self.scores.groupby(keys)["score"].agg(returns=sorted, median="median")
        default = self.default.all_scores.groupby(keys[1:])["score"].median().rename("default_median")
        return table.join(runs, on=keys).join(default, on=keys[1:])

    @cached_property
    def scores_off_scale(self) -> set[tuple[str, str]]:
        """The variants and settings whose score such a difference is a part of."""
        return set(self.off_scale[HEAD].itertuples(index=False, name=None))

    @cached_property
    def order(self) -> pd.DataFrame:
        """One line a variant and pair of its settings: whether the variant changes their order.

        variant, setting, other; difference, low, high, p and p_holm: of the two scores under the variant, as
        `compare_settings` has them; default_difference, default_low, default_high: under the default. A
        setting that lacks runs in an environment is in no pair.
        """
        whole = self.table.dropna(subset="difference").groupby("variant", sort=False)["setting"]
        pairs = [(variant, *pair) for variant, names in whole for pair in combinations(names, 2)]
        if not pairs:
            return pd.DataFrame()
        named = [(_name(variant, one), _name(variant, other)) for variant, one, other in pairs]
        mine = compare_settings(self.grid, named).drop(columns=["setting", "other"])
        theirs = compare_settings(self.grid, [pair[1:] for pair in pairs])[["difference", "low", "high"]]
        heads = pd.DataFrame(pairs, columns=[*HEAD, "other"])
        return pd.concat([heads, mine, theirs.add_prefix("default_")], axis=1)

    @property
    def shared_order(self) -> dict[str, pd.DataFrame]:
        """The baseline less each other setting that all of several variants have.

        By the other setting, the lines of `order`, and before them one for the default; excludes_0: whether
        the interval does; off_scale: whether one of the two scores is.
        """
        if len(self.names) < 2 or self.order.empty:
            return {}
        pairs, columns, tables = self.order, ["difference", "low", "high"], {}
        pairs = pairs[(pairs["setting"] == BASELINE) & (pairs["other"] != UNCONSTRAINED)]
        for other, lines in pairs.groupby("other", sort=False):
            if len(lines) < len(self.names):
                continue
            default = lines.head(1)[[f"default_{name}" for name in columns]].set_axis(columns, axis=1)
            table = pd.concat([default.assign(variant=DEFAULT), lines[["variant", *columns]]])
            scores = [{(variant, BASELINE), (variant, other)} for variant in table["variant"]]
            off_scale = [not self.scores_off_scale.isdisjoint(pair) for pair in scores]
            tables[other] = table.assign(excludes_0=excludes_0(table), off_scale=off_scale)
        return tables

    @cached_property
    def unconstrained(self) -> pd.DataFrame:
        """The unconstrained setting where the paper has it end worse than before training.

        One line for the default and one for each variant with runs there. variant, score, mean, std,
        untrained, score_without: as in `table` and `by_environment`. runs, below: how many there are, and how
        many end below the untrained policy.
        """
        default = self.default.returns.merge(self.default.table[["setting", "score"]], on="setting")
        untrained = default["environment"].map(self.default.scale["random_untrained"])
        mine = self.by_environment.merge(self.table[[*HEAD, "score"]], on=HEAD).dropna(subset="mean")
        lines = pd.concat([default.assign(variant=DEFAULT, untrained=untrained), mine])
        there = lines["environment"].map(without_version) == LOW_WITHOUT_CONSTRAINT
        lines = lines[there & (lines["setting"] == UNCONSTRAINED)]
        runs = pd.concat([self.default.all_scores.assign(variant=DEFAULT), self.scores])
        runs = runs.rename(columns={"score": "end"}).merge(lines, on=[*HEAD, "environment"])
        below = (runs["end"] < runs["untrained"]).groupby(runs["variant"]).agg(runs="size", below="sum")
        columns = ["variant", "score", "mean", "std", "untrained", "score_without"]
        return lines[columns].join(below, on="variant")

    @property
    def extreme_ranks(self) -> list[float]:
        """Chances that all runs of the unconstrained setting are ahead of the default's, or all behind.

        One chance a variant and environment, were the variants without effect.
        """
        chosen = self.heads["setting"] == UNCONSTRAINED
        mine, theirs = (np.isfinite(side.returns).sum(axis=-1)[chosen].flat for side in self._sides)
        return [2 / math.comb(one + other, one) for one, other in zip(mine, theirs, strict=True) if one]

    @cached_property
    def figure_3(self) -> pd.DataFrame:
        """The baseline beside the paper's Figure 3: lines of `by_environment`, and what follows.

        figure_3: its return. nearer: whether the variant's mean is nearer to it than the default's. p_holm:
        corrected for these lines.
        """
        table = self.by_environment[self.by_environment["setting"] == BASELINE]
        paper = table["environment"].map(without_version).map(FIGURE_3)
        nearer = (table["mean"] - paper).abs() < (table["default_mean"] - paper).abs()
        return table.assign(figure_3=paper, nearer=nearer, p_holm=correct_by_holm(table["p"].to_numpy()))


def excludes_0(table: pd.DataFrame) -> "pd.Series[bool]":
    """Whether the interval of each line, from low to high, excludes 0."""
    return (table["low"] > 0) | (table["high"] < 0)


def read_variants(results: Results, default: Analysis) -> VariantTables:
    """The variants in a results folder.

    default: the analysis of its own runs.

    Raises:
        UserError: for a variant's folder that can't be used; when there is no run to compare.
    """
    scores, untrained, left_out = [], [], []
    length = results.protocol.timesteps
    for name in VARIANTS:
        folder = folder_of(results.path, name)
        if not folder.exists():
            continue
        variant = open_results(folder, None, create=False, protocol=VARIANTS[name])
        if (other := variant.protocol.timesteps) != length:
            left_out.append(f"{folder} is left out: its runs have {other:,} timesteps, not {length:,}")
            continue
        runs = {run for run in variant.finished() if run.setting in PAPER_SETTINGS}
        if runs:
            scores.append(_rename_environments(final_scores(runs_table(variant, runs))).assign(variant=name))
            random = _rename_environments(variant.random_scores()).rename(columns={"score": "untrained"})
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
    return VariantTables(default, comparable, pd.concat(untrained, ignore_index=True), tuple(left_out))


def _rename_environments(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the environments' ids that the default has."""
    names = [f"{without_version(each)}-{ENVIRONMENT_VERSION}" for each in table["environment"]]
    return table.assign(environment=names)


def _name(variant: str, setting: str) -> str:
    return f"{setting} of {variant}"
