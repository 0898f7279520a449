"""The factorial of choices: its design, effects of which the answer is known, and its page."""

import itertools
import re
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.common.errors import UserError
from bench.protocol.changes import change_protocol
from bench.protocol.protocol import DEFAULT
from bench.report.factorial import render_factorial, write_checksums_of_cells, write_factorial
from bench.results.checksums import CHECKSUMS
from bench.results.folder import Results, open_results
from bench.scores.factorial import (
    CELLS,
    DEFAULT_CELL,
    FACTORS,
    FOLDER,
    LOW,
    NOT_LOW,
    SEEDS,
    FactorialTables,
    find_effects,
    read_factorial,
)
from tests.helpers.made_up import synthetic_results

LEVELS = np.array(list(CELLS.values()))


def made_up(low: dict[str, float], not_low: dict[str, float], noise: float = 1.0) -> FactorialTables:
    """Runs that return -100 in the first environment and 10 in the second, or what their cell is given."""
    random = np.random.default_rng(0)
    runs = [
        (cell, name, seed, given.get(cell, usual) + random.normal(0, noise))
        for cell in CELLS
        for name, given, usual in ((LOW, low, -100.0), (NOT_LOW, not_low, 10.0))
        for seed in SEEDS
    ]
    policies = [
        (cell, name, policy, score, 0.1)
        for cell in CELLS
        for name in (LOW, NOT_LOW)
        for policy, score in (("uniform", 0.0), ("untrained", -200.0))
    ]
    return FactorialTables(
        pd.DataFrame(runs, columns=["cell", "environment", "seed", "score"]),
        pd.DataFrame(policies, columns=["cell", "environment", "policy", "score", "standard_error"]),
    )


def test_the_design_has_resolution_five() -> None:
    """All main effects and two-way interactions are orthogonal, and every column has a sum of 0."""
    assert len(CELLS) == 16
    pairs = [LEVELS[:, i] * LEVELS[:, j] for i, j in itertools.combinations(range(5), 2)]
    columns = np.array([np.ones(16), *LEVELS.T, *pairs])
    np.testing.assert_array_equal(columns @ columns.T, 16 * np.eye(16))


def test_protocols_are_named_by_what_set_takes() -> None:
    assert CELLS[DEFAULT_CELL] == (1, 1, 1, 1, 1)
    assert CELLS["observation_filter=none+time_limit=bootstrap"] == (-1, 1, 1, 1, -1)
    fingerprints = {
        change_protocol(DEFAULT, () if name == DEFAULT_CELL else name.split("+")).fingerprint
        for name in CELLS
    }
    assert len(fingerprints) == 16


def test_effects_are_those_that_runs_were_made_of() -> None:
    """And their p is Welch's of two groups, where two cells are all there are."""
    random = np.random.default_rng(0)
    effects, signs = np.array([3.0, -2.0]), np.array([-LEVELS[:, 0], LEVELS[:, 0] * LEVELS[:, 1]], float)
    cells = [float(each) + random.normal(0, 1e-6, 5) for each in effects @ signs / 2]
    assert find_effects(cells, signs).value == pytest.approx(effects, abs=1e-5)
    two = [random.normal(0, 1, 4), random.normal(1, 2, 7)]
    found = find_effects(two, np.array([[-1.0, 1.0]]))
    expected = stats.ttest_ind(two[1], two[0], equal_var=False)
    assert found.value[0] == pytest.approx(two[1].mean() - two[0].mean())
    assert found.p[0] == pytest.approx(expected.pvalue)


def test_an_effect_of_one_choice_is_found_in_its_environment_alone() -> None:
    moved = {name: -10_000.0 for name, levels in CELLS.items() if levels[1] < 0}
    effects = made_up(moved, {}).effects.set_index(["environment", "effect"])
    found = effects.loc[(LOW, "advantages")]
    assert found["value"] == pytest.approx(np.log(101) - np.log(10_001), abs=0.01)
    assert found["p_holm"] < 1e-6
    others = effects.loc[LOW].drop("advantages")
    assert (others["value"].abs() < 0.01).all()
    assert (effects.loc[NOT_LOW]["p_holm"] > 0.05).all()
    assert len(effects) == 30


def test_a_protocol_fits_by_both_environments_and_by_a_reading_of_random() -> None:
    fits = "observation_filter=none+time_limit=bootstrap"
    tables = made_up({fits: -500.0}, {name: -300.0 for name in CELLS if name not in (fits, DEFAULT_CELL)})
    found = tables.criteria.set_index("cell")
    assert found.index[found["fits_uniform"]].tolist() == [DEFAULT_CELL, fits]
    assert found.index[found["fits_untrained"]].tolist() == [fits]
    assert found.loc[[DEFAULT_CELL, fits], "margin"].gt(0).all()
    assert found["margin"].is_monotonic_decreasing
    of_cell = tables.scores[tables.scores["cell"] == fits].set_index("environment")["score"]
    by_hand = [
        (sign * of_cell[name].mean()) / np.hypot(of_cell[name].sem(), 0.1)
        for name, sign in ((LOW, -1), (NOT_LOW, 1))
    ]
    assert found.loc[fits, "margin"] == pytest.approx(min(by_hand))
    text = render_factorial(tables, None)
    assert f"With uniformly random actions as the random policy these fit: {DEFAULT_CELL} and {fits}." in text
    assert f"With the untrained policy of the protocol as the random policy these fit: {fits}." in text
    assert "None of these choices" not in text
    assert "Interim" not in text
    none = render_factorial(made_up(dict.fromkeys(CELLS, 5.0), {}), None)
    assert none.count("none fits.") == 2
    assert "None of these choices, alone or in pairs, gives the paper's reason." in none
    assert not re.search(r"\bnan\b", text + none)


@pytest.mark.slow
def test_the_runs_of_all_protocols_are_read_from_folders_of_their_names(tmp_path: Path) -> None:
    def add(cell: str, seeds: range) -> None:
        changes = () if cell == DEFAULT_CELL else cell.split("+")
        folder = tmp_path if cell == DEFAULT_CELL else tmp_path / FOLDER / cell
        protocol = change_protocol(DEFAULT, changes)
        synthetic_results(folder, 1, seeds, ["no-clip"], protocol, (LOW, NOT_LOW))

    for cell in CELLS:
        add(cell, range(5) if cell == DEFAULT_CELL else range(3, 5))
    results = open_results(tmp_path, None, create=False)
    tables = read_factorial(results)
    assert tables is not None
    assert set(tables.runs) == {2}  # of the default only what is planned
    write_checksums_of_cells(results)
    written = list((tmp_path / FOLDER).glob(f"*/{CHECKSUMS}"))
    assert len(written) == len(CELLS) - 1
    subprocess.run(["sha256sum", "--check", "--quiet", CHECKSUMS], cwd=written[0].parent, check=True)
    path = write_factorial(tables, None, tmp_path)
    assert f"Interim: {16 * 2 * 8} of the planned runs are missing." in path.read_text()
    assert len(pd.read_csv(tmp_path / FOLDER / "effects.csv")) == 30
    assert set(FACTORS) < set(pd.read_csv(tmp_path / FOLDER / "effects.csv")["effect"])

    random = tmp_path / FOLDER / [*CELLS][1] / "random.csv"
    lines = random.read_text()
    random.write_text("".join(line for line in lines.splitlines(True) if f"{LOW},untrained" not in line))
    with pytest.raises(UserError, match="not both random policies measured in HalfCheetah-v4"):
        read_factorial(Results(tmp_path, results.protocol))
    random.write_text(lines)

    *_, cell = CELLS
    run = next((tmp_path / FOLDER / cell).glob(f"runs/{LOW}/*/seed-03.csv"))
    run.unlink()
    assert read_factorial(Results(tmp_path, results.protocol)) is None
    wrong = tmp_path / FOLDER / "rewards=scaled+time_limit=bootstrap"
    wrong.rename(tmp_path / "elsewhere")
    (tmp_path / FOLDER / cell).rename(wrong)
    with pytest.raises(UserError, match="holds results of protocol"):
        read_factorial(Results(tmp_path, results.protocol))
