"""Clipping's lead under other protocols: leads of which the answer is known, and the page."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.common.files import csv_text
from bench.protocol.environments import ENVIRONMENTS
from bench.protocol.selection import Selection
from bench.protocol.settings import PAPER_SETTINGS
from bench.protocol.variants import VARIANTS, folder_of
from bench.report.leads import render_leads, write_leads
from bench.results import evaluations
from bench.results.folder import Results
from bench.scores.analysis import analyze
from bench.scores.contrasts import CLIPPING_LESS_PENALTIES, MEAN_ACTIONS, SCORE, Contrast, find_contrasts
from bench.scores.estimates import correct_by_holm
from bench.scores.leads import OUTCOMES, PROTOCOLS, SEEDS, LeadTables, read_leads
from bench.scores.scale import Grid
from bench.scores.variants import DEFAULT
from tests.helpers.made_up import synthetic_results

SETTINGS = CLIPPING_LESS_PENALTIES.settings


def grid_with(lead: float, noise: float, seed: int, seeds: int = 16) -> Grid:
    """Clipping returns more by the lead, on a scale from 0 to 1."""
    random = np.random.default_rng(seed)
    returns = random.normal(0.5, noise, (len(SETTINGS), len(ENVIRONMENTS), seeds))
    returns[:2] += lead
    scale = pd.DataFrame({"random_uniform": 0.0, "best_run": 1.0}, index=list(ENVIRONMENTS))
    return Grid(returns, scale, SETTINGS, ENVIRONMENTS, tuple(SEEDS)[:seeds])


def tables_with(default: float, annealed: float, today: float, noise: float = 0.05) -> LeadTables:
    leads = zip((DEFAULT, *PROTOCOLS), (default, annealed, today), strict=True)
    named = [(outcome, *each) for each in leads for outcome in OUTCOMES]
    grids = {
        (outcome, name): grid_with(lead, noise, seed) for seed, (outcome, name, lead) in enumerate(named)
    }
    return LeadTables(dict(sorted(grids.items(), key=lambda item: OUTCOMES.index(item[0][0]))))


def test_a_contrast_of_two_settings_in_one_environment_is_welchs_test() -> None:
    grid = grid_with(0.1, 0.3, 0)
    one = Contrast(SETTINGS[:1], SETTINGS[2:3])
    found = find_contrasts([one], grid, grid.returns[:, :1])
    expected = stats.ttest_ind(grid.returns[0, 0], grid.returns[2, 0], equal_var=False)
    assert found.p[0] == pytest.approx(expected.pvalue)
    low, high = expected.confidence_interval()
    assert np.ravel(found.interval) == pytest.approx([low, high])


def test_what_is_said_follows_from_the_tests() -> None:
    tables = tables_with(0.3, -0.3, 0.0)
    found = tables.leads.set_index(["outcome", "protocol"])
    for outcome in OUTCOMES:
        assert found.loc[outcome]["finding"].tolist()[1:] == ["penalties", "within 0.03"]
        assert found.loc[(outcome, "annealed"), "change"] == pytest.approx(-0.6, abs=0.05)
    tested = tables.leads[tables.leads["protocol"] != DEFAULT]
    every = correct_by_holm(tested[["p", "change_p"]].to_numpy().ravel())
    assert len(every) == 8
    np.testing.assert_array_equal(tested[["p_holm", "change_p_holm"]].to_numpy().ravel(), every)
    assert found.xs(DEFAULT, level="protocol")[["p", "p_holm", "change"]].isna().all(axis=None)
    text = render_leads(tables)
    assert "- Under `annealed`, by the score of training: the penalties lead, with -0.30" in text
    assert "- Under `todays-libraries`, by the score of training: equivalent within 0.03, with" in text
    assert text.count("The lead is another than under the default") == 4
    assert "Interim" not in text
    assert not re.search(r"\bnan\b", text)
    wide = tables_with(0.0, 0.0, 0.0, noise=1.0)
    assert set(wide.leads["finding"]) == {"undecided"}
    assert render_leads(wide).count("It is not shown to be another") == 4
    assert "clipping leads, with 0.30" in render_leads(tables_with(0.0, 0.3, 0.3))


def test_leads_by_environment_add_up() -> None:
    tables = tables_with(0.3, -0.3, 0.0)
    table = tables.by_environment.set_index(["outcome", "protocol", "scope"])["lead"].sort_index()
    of_annealed = table[SCORE, "annealed"]
    whole = tables.leads.set_index(["outcome", "protocol"]).loc[(SCORE, "annealed"), "lead"]
    assert of_annealed.drop("without Walker2d").mean() == pytest.approx(whole)
    others = of_annealed.drop(["without Walker2d", "Walker2d-v4"])
    assert of_annealed["without Walker2d"] == pytest.approx(others.mean())


@pytest.mark.slow
def test_the_study_reads_its_own_seeds_of_runs_and_policies(tmp_path: Path) -> None:
    results = synthetic_results(tmp_path, 1, range(2, 5), PAPER_SETTINGS)
    selection = Selection(ENVIRONMENTS, PAPER_SETTINGS, (2, 3, 4))
    assert read_leads(results, analyze(results, selection)) is None
    protocol = VARIANTS["annealed"]
    variant = synthetic_results(folder_of(tmp_path, "annealed"), 1, range(2, 5), SETTINGS, protocol)
    results = Results(results.path, results.protocol)
    found = read_leads(results, analyze(results, selection))
    assert found is not None
    assert list(found.grids) == [(SCORE, DEFAULT), (SCORE, "annealed")]
    assert found.grids[SCORE, "annealed"].seeds == (3, 4)
    for folder in (results.path, variant.path):
        lines = [
            (environment, setting, seed, mode, 100, 1.0, 0.1, 9.0, 0.5, 1.5, "0" * 64)
            for environment in ENVIRONMENTS
            for setting in SETTINGS
            for seed in (2, 3, 4)
            for mode in ("sampled", "mean")
        ]
        table = pd.DataFrame(lines, columns=list(evaluations.COLUMNS))
        (folder / evaluations.FILE).write_text(csv_text(table))
    found = read_leads(results, analyze(results, selection))
    assert found is not None
    assert (MEAN_ACTIONS, "annealed") in found.grids
    assert found.missing == 6 * 35 * 16 - 4 * 35 * 2
    path = write_leads(found, tmp_path)
    assert "Interim" in path.read_text()
    assert len(pd.read_csv(tmp_path / "leads" / "leads.csv")) == 4
