"""A results folder: written whole, read with suspicion."""

import json
import re
import resource
from dataclasses import replace
from pathlib import Path

import pytest

from bench.common.errors import UserError
from bench.common.files import PARTIAL, write_whole
from bench.protocol.protocol import Protocol, Run
from bench.protocol.settings import SETTINGS
from bench.protocol.variants import VARIANTS, folder_of
from bench.results.folder import Results, open_results
from bench.results.reading import final_scores, runs_table
from bench.results.schema import COLUMNS, RunResult
from tests.helpers.published import change_record

RUN = Run("Hopper-v4", "clip-0.2", 0)
PROTOCOL = Protocol(timesteps=2048)
LINE = "2048,90,20.5,3.5,22.7,0.01,0.99,100,0.2,0,0.1\n"
PROVENANCE = {"job_seconds": 1.0, "job_runs": 1, "processor": {"kind": "any"}}
HEADING = ",".join([*COLUMNS, "kl_coefficient", "clip_fraction"]) + "\n"
CSV = HEADING + LINE


@pytest.fixture
def results(tmp_path: Path) -> Results:
    results = open_results(tmp_path / "results", PROTOCOL.timesteps, create=True)
    results.save_run(RunResult(RUN, SETTINGS[RUN.setting], CSV, None, 0), PROVENANCE | {"git_commit": "abc"})
    return results


def test_a_saved_run_is_finished_and_reads_back(results: Results) -> None:
    assert results.finished() == {RUN}
    assert results.csv_path(RUN).read_text() == CSV
    assert results.read_csv(RUN) == CSV
    record = json.loads(results.csv_path(RUN).with_suffix(".json").read_text())
    assert record["numbers"] == {"clip_range": 0.2, "kl_coefficient": 0.0, "kl_target": None}
    described = {"label": "Clipping, ε = 0.2", "family": "clip", "rule": "ppo", "options": {}}
    assert described.items() <= record.items()
    assert record["protocol"] == PROTOCOL.fingerprint
    assert record["git_commit"] == "abc"
    scores = final_scores(runs_table(results, [RUN]))
    assert scores.to_dict("records") == [
        {
            "environment": "Hopper-v4",
            "setting": "clip-0.2",
            "seed": 0,
            "score": 20.5,
            "episodes": 90,
            "diverged": False,
        }
    ]


def test_a_diverged_run_is_shorter_and_flagged(results: Results) -> None:
    run = Run("Hopper-v4", "no-clip", 0)
    csv = HEADING + "1000,3,-5,1,300,,,,,,\n"
    results.save_run(RunResult(run, SETTINGS[run.setting], csv, 1000, 0), PROVENANCE)
    assert final_scores(runs_table(results, [run]))["diverged"].tolist() == [True]


def rewrite(results: Results, csv: str) -> None:
    """Replace a run's CSV behind the suite's back, provenance included."""
    results.csv_path(RUN).unlink()
    results.save_run(RunResult(RUN, SETTINGS[RUN.setting], csv, None, 0), PROVENANCE)


@pytest.mark.parametrize(
    ("csv", "message"),
    [
        (CSV.replace("return_last100", "score"), "missing columns: return_last100"),
        (CSV.replace("20.5", "inf"), "return_last100: Expected `float` <= "),
        (CSV.replace("20.5", "nan"), "return_last100: Expected `float` >= "),
        (CSV.replace("20.5", ""), "return_last100: Expected `float`, got `str`"),
        (CSV.replace("20.5", "many"), "return_last100: Expected `float`, got `str`"),
        (CSV.replace("20.5", "2_0"), "return_last100: Expected `float`, got `str`"),
        (CSV.replace("20.5", "1e999"), "return_last100: Number out of range"),
        (CSV.replace("0.99", "many"), "policy_std: Expected `float`, got `str`"),
        (CSV.replace("0.99", "null"), "policy_std: Expected `float`, got `str`"),
        (CSV.replace("0.99", "inf"), "policy_std: Expected `float` <= "),
        (CSV.replace("0.99", "NaN"), "policy_std: Expected `float` >= "),
        (CSV.replace("0.99", "٣"), "policy_std: Expected `float`, got `str`"),
        (CSV.replace("0.99", "1_0"), "policy_std: Expected `float`, got `str`"),
        (CSV.replace("0.99", '"1\n2"'), "a cell has a line break"),
        (CSV.removesuffix("\n"), "its last line has no end"),
        *(
            (CSV.replace("0.99", f"0.99{sign}"), "line 2 has signs that can't be printed")
            for sign in "\0\x0b\x0c\r\x85\u2028\u202e"
        ),
        (CSV.replace("clip_fraction", "diverged"), "a column must not be named 'diverged'"),
        (CSV.replace("clip_fraction", "<b>"), "a column must not be named '<b>'"),
        (CSV.replace("90,", "9.5,"), "episodes: Expected `int`, got `str`"),
        (CSV.replace("90,", f"{2**60},"), "episodes: Expected `int` <= "),
        (CSV.replace("clip_fraction", "seed"), "a column must not be named 'seed'"),
        (CSV.replace("clip_fraction", "kl"), "two columns have one name"),
        (CSV.replace(",0.1\n", "\n"), "line 2 has 10 fields instead of 11"),
        (CSV + LINE, "timesteps that do not grow"),
        (CSV + LINE.replace("2048", ""), "timesteps: Expected `int`, got `str`"),
        (CSV.replace("\n2048", "\n4096"), "ends at timestep 4096 instead of 2048"),
        (HEADING, "no lines"),
        ("", "missing columns: timesteps"),
    ],
)
def test_a_csv_that_cannot_be_right_is_refused_by_name(results: Results, csv: str, message: str) -> None:
    rewrite(results, csv)
    for read in (lambda: results.read(RUN), lambda: runs_table(results, [RUN])):
        with pytest.raises(UserError, match=re.escape(message)) as error:
            read()
        assert str(results.csv_path(RUN)) in str(error.value)
        assert "\n" not in str(error.value)


def test_a_hand_edited_or_truncated_csv_is_refused(results: Results) -> None:
    results.csv_path(RUN).write_text(CSV.replace("20.5", "2000.5"))
    with pytest.raises(UserError, match=r"seed-00.csv: its content is not what was written"):
        results.read(RUN)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "Expected `object`, got `array`"),
        ("{}", "Object missing required field `environment`"),
    ],
)
def test_provenance_that_cannot_be_right_is_refused(results: Results, text: str, message: str) -> None:
    results.csv_path(RUN).with_suffix(".json").write_text(text)
    with pytest.raises(UserError, match=message):
        results.read(RUN)


def test_a_time_that_is_none_is_refused(results: Results) -> None:
    change_record(results, RUN, finished="2026-11-30T18:00:00+00:00", command="python -m bench train")
    assert results.read(RUN).record["command"] == "python -m bench train"
    change_record(results, RUN, finished="\x1b[2J")
    with pytest.raises(UserError, match=r"Expected `str` matching regex .* at `\$\.finished`"):
        Results(results.path, results.protocol).read(RUN)


def test_a_field_that_stands_twice_is_refused(results: Results) -> None:
    path = results.json_path(RUN)
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 0, "seed": 0'))
    with pytest.raises(UserError, match=r"seed-00\.json: the field seed is there twice; `train --repair`"):
        results.read(RUN)


def test_a_column_that_is_called_score_is_not_the_score(results: Results) -> None:
    rewrite(results, CSV.replace("clip_fraction", "score"))
    runs = runs_table(results, [RUN])
    assert runs["score"].tolist() == [0.1]
    assert final_scores(runs)["score"].tolist() == [20.5]


def test_a_setting_that_has_changed_since_is_refused(results: Results) -> None:
    path = results.csv_path(RUN).with_suffix(".json")
    path.write_text(path.read_text().replace("0.2,", "0.25,"))
    with pytest.raises(UserError, match=r"clip-0\.2 was defined differently"):
        results.read(RUN)


def test_provenance_that_is_missing_is_refused(results: Results) -> None:
    results.csv_path(RUN).with_suffix(".json").unlink()
    with pytest.raises(UserError, match=r"seed-00\.json: it is missing; `train --repair`"):
        results.read(RUN)


def test_a_copy_of_a_run_is_no_other_run(results: Results) -> None:
    other = Run("Hopper-v4", "clip-0.2", 1)
    for suffix in (".csv", ".json"):
        copy = results.csv_path(other).with_suffix(suffix)
        copy.write_bytes(results.csv_path(RUN).with_suffix(suffix).read_bytes())
    with pytest.raises(UserError, match=r"seed-01\.json: the provenance of another run"):
        runs_table(results, [RUN, other])


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("Hopper-v4/clip-0.2/seed-0.csv", "not a run"),
        ("Hopper-v4/clip-0.2/seed-000.csv", "duplicates"),
        ("Hopper-v4/clip 0.2/seed-00.csv", "not a run"),
        ("Pusher-v4/clip-0.2/seed-00.csv", "not a run"),
    ],
)
def test_foreign_files_among_the_runs_are_refused(results: Results, file: str, message: str) -> None:
    path = results.path / "runs" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(CSV)
    with pytest.raises(UserError, match=message):
        results.finished()


@pytest.mark.parametrize("limit", [0, 5])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(limit: int, tmp_path: Path) -> None:
    """A file that may not grow stands for a disk that is full: the system refuses the rest of it."""
    path = tmp_path / "file.csv"
    write_whole(path, "old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(UserError, match=r"cannot write .*file\.csv: File too large"):
            write_whole(path, "new, and longer")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_unfinished_files_are_not_runs(results: Results) -> None:
    (results.csv_path(RUN).parent / ".seed-01.csv.x3k2").write_text("timest")
    assert results.finished() == {RUN}


def test_a_finished_run_is_never_replaced(results: Results) -> None:
    path = results.csv_path(RUN)
    with pytest.raises(UserError, match="is there already, and is not replaced"):
        results.save_run(
            RunResult(RUN, SETTINGS[RUN.setting], CSV.replace("20.5", "21.5"), None, 0), PROVENANCE
        )
    assert path.read_text() == CSV
    assert results.read_csv(RUN) == CSV
    dangling = results.csv_path(replace(RUN, seed=1))
    dangling.symlink_to("nowhere")
    with pytest.raises(UserError, match="is there already, and is not replaced"):
        results.save_run(RunResult(replace(RUN, seed=1), SETTINGS[RUN.setting], CSV, None, 0), PROVENANCE)
    assert dangling.is_symlink()


def test_a_folder_is_walked_once_and_again_when_it_is_locked(results: Results) -> None:
    """Another campaign may have finished runs before the lock; within it nobody else writes."""
    other_run, own_run = replace(RUN, seed=1), replace(RUN, seed=2)
    assert results.finished() == {RUN}
    other = Results(results.path, results.protocol)
    other.save_run(RunResult(other_run, SETTINGS[RUN.setting], CSV, None, 0), PROVENANCE)
    assert results.finished() == {RUN}
    results.save_run(RunResult(own_run, SETTINGS[RUN.setting], CSV, None, 0), PROVENANCE)
    assert results.finished() == {RUN, own_run}
    with results.locked():
        assert results.finished() == {RUN, other_run, own_run}
        results.set_aside(own_run)
        assert results.finished() == {RUN, other_run}


def test_a_folder_that_is_moved_while_it_is_locked_is_written_nowhere(results: Results) -> None:
    folder = results.path
    result = RunResult(replace(RUN, seed=1), SETTINGS[RUN.setting], CSV, None, 0)
    with results.locked():
        folder.rename(folder.with_name("renamed"))
        with pytest.raises(UserError, match=r"results was moved or removed while it was written"):
            results.save_run(result, PROVENANCE)
    assert not folder.exists()
    assert Results(folder.with_name("renamed"), results.protocol).finished() == {RUN}


def test_two_campaigns_on_a_folder_are_refused(results: Results) -> None:
    other = Results(results.path, results.protocol)
    with results.locked():
        with pytest.raises(UserError, match=r"another campaign is running on .*results"), other.locked():
            raise AssertionError("two campaigns have the folder")
        assert results.read_csv(RUN) == CSV
    with other.locked():
        assert other.read_csv(RUN) == CSV


def test_a_variant_may_be_trained_first_and_its_campaign_is_left_alone(tmp_path: Path) -> None:
    variant = open_results(folder_of(tmp_path, "v5"), 1, create=True, protocol=VARIANTS["v5"])
    default = open_results(tmp_path, 1, create=True)
    half_written = f".random.csv.8to096j6{PARTIAL}"
    for folder in (variant.path, default.path):
        (folder / half_written).write_text("half")
    with default.locked():
        assert not (default.path / half_written).exists()
        assert (variant.path / half_written).exists()
