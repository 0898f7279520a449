"""Score tables of other commands, as the page takes them from their files."""

from pathlib import Path

import pandas as pd
import pytest

from bench.common.errors import UserError
from bench.common.files import csv_text
from bench.protocol.selection import Selection
from bench.protocol.settings import PAPER_SETTINGS
from bench.report.explorer.published import gather_pairs, gather_tables
from bench.results import evaluations
from bench.scores import feedback, lecture, pairs, successors
from bench.scores.analysis import Analysis, analyze
from bench.scores.contrasts import SCORE
from bench.scores.feedback import FeedbackTables
from bench.scores.lecture import LectureTables
from bench.scores.successors import SuccessorTables
from tests.helpers.made_up import synthetic_results

pytestmark = pytest.mark.slow

ENVIRONMENTS = ("Hopper-v4", "Reacher-v4")
MADE = ("no-clip", "clip-0.2", "trpo-0.01", "rlhf", "spo-0.2")
VARIANT = pd.DataFrame(
    {"variant": "v5", "setting": "clip-0.2", "score": 0.5, "difference": -0.1, "low": -0.2, "high": 0.1}
    | {"p_holm": 0.04, "runs": 4},
    index=[0],
)


@pytest.fixture
def analysis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Analysis:
    """Of made-up runs, with what each command writes of them beside Table 1."""
    monkeypatch.setattr(pairs, "PERMUTATIONS", 999)
    results = synthetic_results(tmp_path, 40 * 2048, range(2), MADE, environments=ENVIRONMENTS)

    def of(settings: tuple[str, ...]) -> Analysis:
        return analyze(results, Selection(ENVIRONMENTS, settings, (0, 1)))

    found = of(PAPER_SETTINGS)
    later = SuccessorTables(of(successors.SHOWN), evaluations.read(tmp_path))
    default = found.table.set_index("setting").loc["clip-0.2", "score"]
    tables = {
        "lecture": LectureTables(of(lecture.SHOWN)).comparison,
        "rlhf": FeedbackTables(of(feedback.SHOWN)).comparison,
        "successors/comparison": later.comparison,
        "variants/variants": VARIANT.assign(default_score=default),
        "pairs": found.pairs,
    }
    for name, table in tables.items():
        path = tmp_path / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(csv_text(table))
    return found


def scores_of(analysis: Analysis) -> dict[str, float | None]:
    return dict(analysis.table[["setting", "score"]].itertuples(index=False, name=None))


def test_each_file_that_is_there_has_its_table(analysis: Analysis, tmp_path: Path) -> None:
    found = {table["file"]: table for table in gather_tables(tmp_path, scores_of(analysis), ())}
    assert list(found) == ["lecture.csv", "rlhf.csv", "successors/comparison.csv", "variants/variants.csv"]
    for name, setting in (("lecture", "trpo-0.01"), ("rlhf", "rlhf"), ("successors/comparison", "spo-0.2")):
        table = pd.read_csv(tmp_path / f"{name}.csv")
        lines = table[table["outcome"] == SCORE] if "outcome" in table else table
        rows = {row["setting"]: row for row in found[f"{name}.csv"]["rows"]}
        assert list(rows) == lines["setting"].tolist()
        line = lines.set_index("setting").loc[setting]
        for key in ("difference", "low", "high", "p_holm", "runs"):
            assert rows[setting][key] == line[key]
    assert [row["variant"] for row in found["variants/variants.csv"]["rows"]] == ["v5"]
    assert len(gather_pairs(tmp_path, scores_of(analysis))) == 1


def test_what_is_off_the_scale_has_no_number(analysis: Analysis, tmp_path: Path) -> None:
    parts = pd.DataFrame({"variant": "v5", "setting": "clip-0.2", "low": [-0.1, -101.0], "high": [0.1, 0.2]})
    (tmp_path / "variants" / "by_environment.csv").write_text(csv_text(parts))
    found = gather_tables(tmp_path, scores_of(analysis), ["no-clip"])
    methods, *_, variants = (table["rows"] for table in found)
    assert [row["setting"] for row in methods if row["doubtful"]] == ["no-clip"]
    (row,) = variants
    assert (row["score"], row["difference"], row["low"]) == ("off the scale", "off the scale", None)
    assert row["p_holm"] == 0.04


def test_a_file_of_other_runs_than_the_table_is_named_instead_of_shown(
    analysis: Analysis, tmp_path: Path
) -> None:
    (tmp_path / "rlhf.csv").unlink()
    others = {
        name: (score or 0) + 0.1 * number for number, (name, score) in enumerate(scores_of(analysis).items())
    }
    found = gather_tables(tmp_path, others, ())
    assert [table["rows"] for table in found] == [[], [], []]
    assert found[0]["note"] == "lecture.csv is of other runs than Table 1; make table1 renews it."
    assert gather_pairs(tmp_path, others) == []
    assert gather_pairs(tmp_path, {}) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("setting\nx\n", "it has no column 'score'"), ("nothing", "its last line has no end")],
)
def test_another_file_under_the_name_is_refused(text: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "lecture.csv").write_text(text)
    with pytest.raises(UserError, match=f"lecture.csv: {complaint}"):
        gather_tables(tmp_path, {}, ())
