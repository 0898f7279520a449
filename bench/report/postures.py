"""What videos show, and a part of `details.md`: which policies of HalfCheetah run on their backs."""

from pathlib import Path
from typing import Annotated, TypedDict

import pandas as pd
from markupsafe import Markup
from msgspec import Meta

from bench.common.errors import DamagedError
from bench.common.files import read_lines
from bench.common.parsing import Count, Finite
from bench.protocol.environments import without_version
from bench.protocol.settings import BASELINE, SETTINGS, UNCONSTRAINED
from bench.report.templates import render
from bench.results.schema import EnvironmentId, SettingName

# The file in a results folder, of `bench.videos.postures`.
POSTURES = "postures.csv"
# The environment, without its version: no other one lets the robot fall over and goes on.
TURNED = "HalfCheetah"
# A setting whose published policy of seed 0 runs on its back; its video stands beside the baseline's.
ON_ITS_BACK = "fixed-kl-3"
# The setting left of the clipped objective. Without a constraint the robot falls, or turns as fast as it can.
BESIDE = {TURNED: ON_ITS_BACK} | dict.fromkeys(("Hopper", "Reacher", "Walker2d"), UNCONSTRAINED)


class Line(TypedDict):
    """A line of the file: an episode. upside_down: the share of its steps, from 0 to 1."""

    environment: EnvironmentId
    setting: SettingName
    seed: Count
    episode: Count
    episode_return: Finite
    upside_down: Annotated[float, Meta(ge=0, le=1)]


def filmed(environment: str) -> tuple[str, ...]:
    """The settings whose policies an environment's video shows, from left to right."""
    beside = BESIDE.get(without_version(environment))
    return (beside, BASELINE) if beside else (BASELINE,)


def describe_postures(scores: pd.DataFrame, folder: Path) -> Markup:
    """Which of the policies of seed 0 run upside down; nothing before `make videos` has looked at them.

    scores: one line a run with the columns environment, setting, seed, score.

    Raises:
        DamagedError: when the file is another one.
        UserError: when it can't be read.
    """
    path = folder / POSTURES
    lines = read_lines(path, Line)
    if not lines:
        return Markup()
    episodes = pd.DataFrame(lines)
    for setting in set(episodes["setting"]) - SETTINGS.keys():
        raise DamagedError(f"{path}: {setting} is no setting of this version")
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
