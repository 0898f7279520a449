"""Whether clipping's lead over a KL penalty survives other protocols: study B of `results/studies.md`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
import pandas as pd

from bench.protocol.protocol import Run
from bench.protocol.settings import BASELINE
from bench.protocol.variants import VARIANTS, folder_of
from bench.results import evaluations
from bench.results.folder import Results, open_results
from bench.results.reading import final_scores, runs_table
from bench.scores.analysis import Analysis
from bench.scores.contrasts import (
    CLIPPING_LESS_PENALTIES,
    MEAN_ACTIONS,
    SCORE,
    Contrast,
    find_conclusions,
    find_contrasts,
    split_by_scope,
)
from bench.scores.estimates import RUNS_FOR_INTERVAL, Estimate, correct_by_holm
from bench.scores.scale import Grid
from bench.scores.variants import DEFAULT

PROTOCOLS = ("annealed", "todays-libraries")
OUTCOMES = (SCORE, MEAN_ACTIONS)
# Seeds 0 to 2 suggested the question.
SEEDS = range(3, 19)
# Leads that are smaller count as none; the narrowest bound that holds is said.
BOUNDS = {"within 0.03": 0.03, "within 0.05": 0.05}
ALONE = Contrast((BASELINE,), ("fixed-kl-1",))


@dataclass(frozen=True)
class LeadTables:
    """The lead under each protocol, computed when asked for.

    grids: by outcome and protocol, on the default's scale, of the contrast's settings and of `SEEDS`.
    """

    grids: Mapping[tuple[str, str], Grid]

    @property
    def missing(self) -> int:
        """How many planned runs are missing, or their evaluations."""
        planned = len(CLIPPING_LESS_PENALTIES.settings) * 7 * len(SEEDS)
        keys = [(outcome, name) for outcome in OUTCOMES for name in (DEFAULT, *PROTOCOLS)]
        there = [np.isfinite(self.grids[key].returns).sum() if key in self.grids else 0 for key in keys]
        return int(sum(planned - count for count in there))

    @cached_property
    def leads(self) -> pd.DataFrame:
        """One line an outcome and protocol: outcome, protocol, and what follows.

        lead, low, high: the contrast with its interval of 95 %. low_90, high_90: that of 90 %. p, p_holm: of
        Welch's test; of the default there is none. change, change_low, change_high, change_p, change_p_holm:
        the lead less the default's. p_holm and change_p_holm are corrected together, for all lines. finding:
        as `conclude` has it. alone: clip-0.2 less fixed-kl-1.
        """
        tables = []
        for (outcome, protocol), grid in self.grids.items():
            leads = _find_leads(grid)
            lead, (low_90, high_90) = leads[:1], leads[:1].interval_90
            columns = {"outcome": outcome, "protocol": protocol, **lead.as_columns("lead", ("low", "high"))}
            columns |= {"low_90": low_90, "high_90": high_90, "alone": leads.value[1:]}
            if protocol != DEFAULT and (outcome, DEFAULT) in self.grids:
                change = lead - _find_leads(self.grids[outcome, DEFAULT])[:1]
                columns |= {"p": lead.p, **change.as_columns("change"), "change_p": change.p}
            tables.append(pd.DataFrame(columns))
        table = pd.concat(tables, ignore_index=True)
        corrected = correct_by_holm(table[["p", "change_p"]].to_numpy().ravel()).reshape(-1, 2)
        table["p_holm"], table["change_p_holm"] = corrected.T
        return table.assign(finding=conclude(table))

    @cached_property
    def by_environment(self) -> pd.DataFrame:
        """Columns outcome, protocol, scope (an environment, or `without Walker2d`), lead, low and high."""
        tables = []
        for (outcome, protocol), grid in self.grids.items():
            for scope, values in split_by_scope(grid, grid.normalized()).items():
                lead = find_contrasts([CLIPPING_LESS_PENALTIES], grid, values)
                columns = {"scope": scope, **lead.as_columns("lead", ("low", "high"))}
                tables.append(pd.DataFrame({"outcome": outcome, "protocol": protocol, **columns}))
        return pd.concat(tables, ignore_index=True)


def _find_leads(grid: Grid) -> Estimate:
    """The planned contrast, and that of `ALONE`, `[2]`."""
    return find_contrasts([CLIPPING_LESS_PENALTIES, ALONE], grid, grid.normalized())


def conclude(leads: pd.DataFrame) -> list[str]:
    """What may be said of each lead: clipping, penalties, within 0.03, within 0.05 or undecided."""
    return find_conclusions(leads, "lead", ("clipping", "penalties"), BOUNDS)


def read_leads(results: Results, default: Analysis) -> LeadTables | None:
    """The runs of the study in a results folder; None before the default and a protocol have enough of them.

    default: the analysis of the folder's own runs.

    Raises:
        UserError: for a variant's folder that can't be used.
    """
    scale = default.grid.scale
    grids = {}
    for name in (DEFAULT, *PROTOCOLS):
        opened = results if name == DEFAULT else _open_variant(results, name)
        if opened is None:
            continue
        for outcome, lines in _outcomes(opened, default.grid.environments).items():
            if not lines.empty:
                grid = Grid.of(lines, scale, outcome)
                if grid.with_runs(RUNS_FOR_INTERVAL) == {*CLIPPING_LESS_PENALTIES.settings}:
                    grids[outcome, name] = grid
    tables = LeadTables(dict(sorted(grids.items(), key=lambda item: OUTCOMES.index(item[0][0]))))
    by_training = [name for outcome, name in grids if outcome == SCORE]
    return tables if DEFAULT in by_training and len(by_training) > 1 else None


def _open_variant(results: Results, name: str) -> Results | None:
    """The results of a variant; None where there are none, or its runs are of another length."""
    folder = folder_of(results.path, name)
    if not folder.exists():
        return None
    variant = open_results(folder, None, create=False, protocol=VARIANTS[name])
    return variant if variant.protocol.timesteps == results.protocol.timesteps else None


def _outcomes(results: Results, environments: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    """The lines of the study's runs by outcome, each with the keys of a run and the outcome's column."""
    settings = CLIPPING_LESS_PENALTIES.settings
    runs = results.finished() & {Run(*key) for key in product(environments, settings, SEEDS)}
    policies = evaluations.read(results.path)
    policies = policies[(policies["mode"] == "mean") & policies["environment"].isin(environments)]
    policies = policies[policies["setting"].isin(settings) & policies["seed"].isin(SEEDS)]
    scores = final_scores(runs_table(results, runs)) if runs else pd.DataFrame()
    return {SCORE: scores, MEAN_ACTIONS: policies.rename(columns={"mean_return": MEAN_ACTIONS})}
