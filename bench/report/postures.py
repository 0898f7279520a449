"""A part of `details.md`: which policies of HalfCheetah run on their backs, as `make videos` finds."""

from pathlib import Path

import pandas as pd

from bench.protocol.settings import BASELINE, SETTINGS
from bench.report.formats import format_list, format_return, format_share
from bench.report.tables import markdown

# The file in a results folder, of `bench.videos.postures`.
POSTURES = "postures.csv"
# The environment, without its version: no other one lets the robot fall over and goes on.
TURNED = "HalfCheetah"
# A setting whose published policy of seed 0 runs on its back; its video stands beside the baseline's.
ON_ITS_BACK = "fixed-kl-3"


def postures(scores: pd.DataFrame, folder: Path) -> list[str]:
    """Which of the policies of seed 0 run upside down; nothing before `make videos` has looked at them.

    scores: one line a run with the columns environment, setting, seed, score.
    """
    path = folder / POSTURES
    if not path.exists():
        return []
    episodes = pd.read_csv(path)
    turned = (episodes["upside_down"] > 0.5).groupby(episodes["setting"], sort=False)
    count, most = turned.size().max(), turned.sum()
    means = episodes.groupby("setting", sort=False)[["episode_return", "upside_down"]].mean()
    returns = means["episode_return"]
    groups = {
        "all episodes": most == count,
        "some episodes": (most > 0) & (most < count),
        "no episode": most == 0,
    }
    parts = [
        f"in {quantity} of {format_list(most.index[group])} (mean returns {_span(returns[group])})"
        for quantity, group in groups.items()
        if group.any()
    ]
    environment, seed = episodes[["environment", "seed"]].iloc[0]
    runs = scores[(scores["environment"] == environment) & (scores["seed"] == seed)]
    lines = means.join(most.rename("turned")).join(runs.set_index("setting")["score"]).reset_index()
    return [
        f"### {TURNED} upright and on its back",
        f"An episode of {TURNED} goes on when the robot falls over, and some policies run on their backs."
        f" Each policy of seed {seed} made {count} episodes, with actions sampled as in training. More than"
        f" half of the steps are upside down {'; '.join(parts)}. One policy a setting does not tell how"
        " other seeds run.",
        markdown(
            lines,
            {
                "algorithm": lambda row: SETTINGS[row.setting].label,
                "score of the run": lambda row: format_return(row.score),
                "mean return": lambda row: format_return(row.episode_return),
                "steps upside down": lambda row: format_share(row.upside_down),
                "episodes mostly upside down": lambda row: f"{row.turned} of {count}",
            },
        ),
        f"![{ON_ITS_BACK} on its back, {BASELINE} upright](videos/{environment}.webp)",
        f"Left: {SETTINGS[ON_ITS_BACK].label}. Right: {SETTINGS[BASELINE].label}.",
    ]


def _span(returns: pd.Series) -> str:
    """From the lowest to the highest."""
    low, high = map(format_return, (returns.min(), returns.max()))
    return low if low == high else f"{low} to {high}"
