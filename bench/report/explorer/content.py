"""What the page shows, besides curves: environments, settings, columns, and Table 1."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
from matplotlib.colors import to_hex
from scipy.special import stdtrit

from bench.common.errors import UserError
from bench.protocol.environments import without_version
from bench.protocol.protocol import DEFAULT
from bench.protocol.selection import Selection, ranges
from bench.protocol.settings import PAPER_SETTINGS, Setting, by_default, in_table_order
from bench.report.appearance import LINES, MARKERS, looks
from bench.report.explorer.published import PAIRS, gather_pairs, gather_tables
from bench.report.explorer.series import SIGNIFICANT_DIGITS, choose_stride, pack_runs
from bench.report.explorer.texts import render_texts
from bench.report.formats import format_count, format_list
from bench.report.postures import filmed
from bench.report.tables import notes
from bench.results.folder import Results
from bench.results.reading import KEYS, runs_table
from bench.scores.analysis import UNTRAINED_READING, Analysis, analyze
from bench.scores.estimates import TAIL
from bench.scores.scale import select_uniform

# What the page calls the columns. A column of somebody's own rule is called by its name.
LABELS = {
    "return_last100": "return, last 100 episodes",
    "return_std_last100": "std of the return, last 100 episodes",
    "length_last100": "episode length, last 100 episodes",
    "episodes": "episodes so far",
    "kl": "KL(π_old ‖ π), nats",
    "policy_std": "standard deviation of the policy",
    "value_loss": "value loss",
    "explained_variance": "explained variance of the values",
    "kl_coefficient": "KL coefficient β",
    "clip_fraction": "clip fraction",
    "step_fraction": "accepted share of the first step",
}
# Columns that span powers of ten and are never negative.
LOGARITHMIC = ("kl", "value_loss", "kl_coefficient")
# The files beside the page that it links to, where the folder has them.
LINKED = ("table1.csv", "readings.csv", "scores.csv", PAIRS)
NOT_COLUMNS = (*KEYS, "timesteps", "diverged")

# SVG's dashes for Matplotlib's lines, and paths from -1 to 1 for its markers.
DASHES = dict(zip(LINES, ([], [6, 3], [1.5, 2.5], [7, 2.5, 1.5, 2.5]), strict=True))
PATHS = dict(
    zip(
        MARKERS,
        (
            "M1,0A1,1,0,1,1,-1,0A1,1,0,1,1,1,0Z",
            "M-.9,-.9H.9V.9H-.9Z",
            "M0,-1L1,.8H-1Z",
            "M0,-1.1L1.1,0L0,1.1L-1.1,0Z",
            "M0,1L-1,-.8H1Z",
            "M-.35,-1H.35V-.35H1V.35H.35V1H-.35V.35H-1V-.35H-.35Z",
            "M0,-.5L.5,-1L1,-.5L.5,0L1,.5L.5,1L0,.5L-.5,1L-1,.5L-.5,0L-1,-.5L-.5,-1Z",
            "M0,-1L.28,-.35L1,-.3L.45,.15L.62,.85L0,.47L-.62,.85L-.45,.15L-1,-.3L-.28,-.35Z",
            "M0,-1L.87,-.5V.5L0,1L-.87,.5V-.5Z",
        ),
        strict=True,
    )
)


def gather_content(results: Results, selection: Selection) -> dict[str, Any]:
    """All that the page's scripts read of the finished runs of a results folder, ready for JSON.

    selection: the runs of Table 1.

    Raises:
        UserError: for a folder without finished runs, or a file that can't be used, naming it.
    """
    finished = results.finished()
    runs, settings = runs_table(results, finished), results.settings(finished)
    columns = [name for name in LABELS if name in runs]
    columns += [name for name in runs if name not in (*columns, *NOT_COLUMNS)]
    stride = choose_stride(runs, columns)
    uniform = select_uniform(results.random_scores()).to_dict()
    seeds = runs.groupby(["environment", "setting"])["seed"].nunique().max()
    table = _table(results, selection, runs)
    scores = {row["setting"]: row["score"] for row in table["rows"]}
    return {
        "summary": _summary(results, runs, stride),
        "environments": [
            {"name": name, "title": without_version(name), "uniform": uniform.get(name)}
            for name in runs["environment"].unique()
        ],
        "settings": _settings(settings),
        "columns": [
            {"name": name, "label": LABELS.get(name, name), "logarithmic": name in LOGARITHMIC}
            for name in columns
        ],
        # Student's quantile by the number of runs: half an interval is this times the standard error.
        "student": [None, None, *(float(f"{stdtrit(count - 1, TAIL):.9g}") for count in range(2, seeds + 1))],
        "table": table,
        "pairs": gather_pairs(results.path, scores),
        "beside": gather_tables(
            results.path, scores, {row["setting"] for row in table["rows"] if row["doubtful"]}
        ),
        "videos": [
            {"path": path, "title": without_version(name), "settings": filmed(name)}
            for name in runs["environment"].unique()
            if (results.path / (path := f"videos/{name}.webp")).exists()
        ],
        "texts": [{"name": name, "title": text.title} for name, text in render_texts(results.path).items()],
        "files": [name for name in LINKED if (results.path / name).exists()],
        **pack_runs(runs, columns, stride),
    }


def _summary(results: Results, runs: pd.DataFrame, stride: int) -> dict[str, str]:
    environments, last = runs["environment"].nunique(), runs.drop_duplicates(list(KEYS), keep="last")
    diverged = int(last["diverged"].sum())
    # Neither the length of the runs nor their numerics are a difference from the default.
    expected = replace(DEFAULT, timesteps=results.protocol.timesteps, numerics=results.protocol.numerics)
    differences = results.protocol.differences(expected)
    every = {1: "every", 2: "every second", 3: "every third"}.get(stride, f"every {stride}th")
    return {
        "runs": f"{len(last):,} runs in {format_count(environments, 'environment')}:"
        f" {_settings_by_seeds(last)}; {results.protocol.steps:,} timesteps each."
        + (f" {format_count(diverged, 'run')} diverged." if diverged else "")
        + (f" The protocol is not the default: {', '.join(differences)}." if differences else ""),
        "points": f"The curves have {every} line of each run's CSV, to {SIGNIFICANT_DIGITS} significant"
        " digits, and its last line as it is.",
    }


def _settings_by_seeds(last: pd.DataFrame) -> str:
    """How many settings have which seeds in any environment, the most seeds first."""
    seeds_of = last.groupby("setting")["seed"].agg(lambda seeds: tuple(sorted(set(seeds))))
    parts = [
        f"{format_count(count, 'setting')} with {'seeds' if len(seeds) > 1 else 'seed'} {ranges(list(seeds))}"
        for seeds, count in sorted(seeds_of.value_counts().items(), key=lambda part: (-len(part[0]), part[0]))
    ]
    return format_list(parts)


def _settings(settings: Mapping[str, Setting]) -> list[dict[str, Any]]:
    """Name, label, family and look of each setting, and whether it is shown at first: the paper's and own."""
    look_of, first = looks(settings), by_default(settings) or tuple(settings)
    return [
        {
            "name": name,
            "label": settings[name].label,
            "family": settings[name].family,
            "colour": to_hex(look_of[name].colour),
            "dash": DASHES[look_of[name].line],
            "marker": PATHS[look_of[name].marker],
            "shown": name in first,
        }
        for name in in_table_order(settings)
    ]


def _table(results: Results, selection: Selection, runs: pd.DataFrame) -> dict[str, Any]:
    """Rows and notes of Table 1. Without a scale there are no rows, and a note says why."""
    wanted = [run for run in selection.runs if run.setting in PAPER_SETTINGS]
    present = len(results.finished().intersection(wanted))
    try:
        if not present:
            raise UserError(
                "the paper's settings, which set their scale, have no runs in its seven environments"
            )
        found = analyze(results, selection, runs)
    except UserError as error:  # of the scale, because damaged runs were refused before
        return {"rows": [], "notes": [f"There are no scores: {error}."]}
    missing = f"{present:,} of the {len(wanted):,} runs of the paper's settings are there."
    warnings = [f"Not the whole table: {missing}"] if present < len(wanted) else []
    others = sorted({run.environment for run in results.finished()}.difference(selection.environments))
    warnings += [f"No part of the table: the runs in {format_list(others)}."] if others else []
    return {"rows": _rows(found), "notes": [*warnings, *notes(found)]}


def _rows(found: Analysis) -> list[dict[str, Any]]:
    """The table's lines, with the scores of the untrained reading, and whether an interval is unreliable."""
    name = str(UNTRAINED_READING)
    readings = found.readings.set_index("setting")[[name, f"{name}_low", f"{name}_high"]]
    readings.columns = pd.Index(["untrained", "untrained_low", "untrained_high"])
    scores = found.table.drop(columns=["algorithm", "untrained_score"]).join(readings, on="setting")
    rows = scores.assign(doubtful=scores["setting"].isin(found.unreliable)).astype(object)
    return rows.where(rows.notna(), None).to_dict("records")
