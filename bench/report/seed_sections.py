"""What a number of seeds can tell."""

import numpy as np

from bench.protocol.settings import PAPER_SETTINGS
from bench.report.formats import format_interval, format_number, format_share
from bench.report.tables import OF_THREE_HEADING, markdown
from bench.report.words import THREE
from bench.scores.estimates import ALPHA
from bench.scores.paper import CONSTRAINED
from bench.scores.power import POWER
from bench.scores.report import Report


def what_seeds_can_tell(report: Report) -> list[str]:
    """Which differences a number of seeds finds, and how often the best comes first."""
    heading = "## What seeds can tell"
    if "power" not in report.comparisons:
        return [heading, f"That can be said from {THREE} seeds on.", *_accumulated()]
    table = report.comparisons["power"].set_index("seeds")
    three, ours = table.loc[THREE], table.loc[report.seeds]
    return [
        heading,
        f"With the paper's {THREE} seeds two constrained settings must differ by"
        f" {format_number(three['detectable'])} to be told apart by one test with a power of"
        f" {format_share(POWER)};"
        f" {three['paper_gaps']:.0f} of the paper's {_count(CONSTRAINED)} differences are as large. In"
        f" {format_share(three['best_first'])} of simulated tables of {THREE} seeds the truly best"
        " setting comes"
        f" first, if the top two truly differ by {three['lead']:.3f}. {report.seeds} seeds find a difference"
        f" of {format_number(ours['detectable'])}, and the best comes first in"
        f" {format_share(ours['best_first'])}. All this"
        f" is on the scale of {THREE} seeds ([other numbers of seeds](details.md#power)).",
        *_accumulated(),
    ]


def _count(names: tuple[str, ...]) -> int:
    """How many pairs there are."""
    return len(names) * (len(names) - 1) // 2


def power(report: Report) -> list[str]:
    """Detectable differences, seeds needed, and simulated new tables."""
    if "power" not in report.comparisons:
        return []
    table, needed = report.comparisons["power"], report.comparisons["seeds_needed"]
    gaps = _count(CONSTRAINED)
    columns = {
        "seeds": lambda row: str(row.seeds),
        "half-width": lambda row: f"{row.half_width:.3f}",
        "detectable": lambda row: f"{row.detectable:.3f}",
        "detectable, corrected": lambda row: f"{row.detectable_corrected:.3f}",
        f"of the paper's {gaps}": lambda row: str(row.paper_gaps),
        "best comes first": lambda row: format_share(row.best_first),
    }
    counts = {
        "difference": lambda row: f"{row.gap:.2f}",
        "seeds, one test": lambda row: "more" if np.isnan(row.seeds) else f"{row.seeds:.0f}",
        "seeds, corrected": lambda row: (
            "more" if np.isnan(row.seeds_corrected) else f"{row.seeds_corrected:.0f}"
        ),
    }
    return [
        "## Power",
        "For constrained settings, with the variances that were measured. All numbers are on the scale of"
        f" {THREE} seeds, which is the paper's; on the scale of Table 1 they are smaller.",
        markdown(table, columns),
        "\n".join(
            [
                "- half-width: of a score's 95 % interval.",
                f"- detectable: the difference of two settings that Welch's test at {ALPHA:g} finds with a"
                f" power of {format_share(POWER)}, in simulated experiments with Gaussian runs. It stands"
                " in for the"
                " permutation test (Colas et al. 2019 and Patterson et al. 2023 plan experiments so).",
                f"- detectable, corrected: the same at {ALPHA:g} / {_count(PAPER_SETTINGS)}, which Holm's"
                " correction asks of the smallest p.",
                f"- of the paper's {gaps}: how many of its differences between constrained settings are as"
                " large as detectable.",
                "- best comes first: how often the truly best setting is first in simulated new tables, if"
                f" our scores {OF_THREE_HEADING} less noise are the true ones.",
            ]
        ),
        f"Seeds that find a difference with a power of {format_share(POWER)}:",
        markdown(needed, counts),
        *_new_tables(report),
    ]


def _new_tables(report: Report) -> list[str]:
    if "new_tables" not in report.comparisons:
        return []
    columns = {
        "algorithm": report.label,
        "comes first": lambda row: format_share(row.first),
        "median": lambda row: format_number(row.median),
        "5 to 95 %": lambda row: format_interval(row.low, row.high),
    }
    return [
        f"What other tables of {THREE} seeds would say, simulated, with our scores as of {THREE} seeds less"
        " noise as the true ones:",
        markdown(report.comparisons["new_tables"], columns),
    ]


def _accumulated() -> list[str]:
    return [
        "The scores as seeds accumulate, on the scale of all seeds, with pointwise 95 % intervals:",
        "![Score by seeds](figures/by_seeds.png)",
    ]
