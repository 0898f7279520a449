"""A part of `details.md`: which policies of HalfCheetah run on their backs, as `make videos` finds."""

from pathlib import Path

import pandas as pd
from markupsafe import Markup

from bench.protocol.settings import BASELINE, SETTINGS
from bench.report.templates import render

# The file in a results folder, of `bench.videos.postures`.
POSTURES = "postures.csv"
# The environment, without its version: no other one lets the robot fall over and goes on.
TURNED = "HalfCheetah"
# A setting whose published policy of seed 0 runs on its back; its video stands beside the baseline's.
ON_ITS_BACK = "fixed-kl-3"


def describe_postures(scores: pd.DataFrame, folder: Path) -> Markup:
    """Which of the policies of seed 0 run upside down; nothing before `make videos` has looked at them.

    scores: one line a run with the columns environment, setting, seed, score.
    """
    path = folder / POSTURES
    if not path.exists():
        return Markup()
    episodes = pd.read_csv(path)
    environment, seed = episodes[["environment", "seed"]].iloc[0]
    runs = scores[(scores["environment"] == environment) & (scores["seed"] == seed)]
    by_setting = episodes.assign(turned=episodes["upside_down"] > 0.5).groupby("setting", sort=False)
    policies = by_setting[["episode_return", "upside_down"]].mean()
    policies = policies.assign(turned=by_setting["turned"].sum()).join(runs.set_index("setting")["score"])
    count, turned = by_setting.size().max(), policies["turned"]
    groups = {
        "all episodes": policies[turned == count],
        "some episodes": policies[turned.between(1, count - 1)],
        "no episode": policies[turned == 0],
    }
    page = render(
        "postures.md",
        environment=environment,
        seed=seed,
        count=count,
        policies=policies,
        groups={name: group for name, group in groups.items() if len(group)},
        settings=SETTINGS,
        on_its_back=ON_ITS_BACK,
        upright=BASELINE,
    )
    return Markup(page)
