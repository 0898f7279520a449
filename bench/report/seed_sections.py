"""What a number of seeds can tell."""

import numpy as np

from bench.protocol.settings import PAPER_SETTINGS
from bench.report.paper_sections import THREE
from bench.report.tables import between, markdown, number, share
from bench.scores.estimates import ALPHA
from bench.scores.paper import CONSTRAINED
from bench.scores.power import POWER
from bench.scores.report import Report


def power(report: Report) -> list[str]:
    """Intervals, detectable differences, seeds needed, and simulated new tables."""
    heading = "## What a number of seeds can tell"
    if "power" not in report.comparisons:
        return [heading, f"That can be said from {THREE} seeds on.", *_accumulated()]
    table, needed = report.comparisons["power"], report.comparisons["seeds_needed"]
    gaps, pairs = (len(names) * (len(names) - 1) // 2 for names in (CONSTRAINED, PAPER_SETTINGS))
    columns = {
        "seeds": lambda row: str(row.seeds),
        "half-width": lambda row: f"{row.half_width:.3f}",
        "detectable": lambda row: f"{row.detectable:.3f}",
        "detectable, corrected": lambda row: f"{row.detectable_corrected:.3f}",
        f"of the paper's {gaps}": lambda row: str(row.paper_gaps),
        "best comes first": lambda row: share(row.best_first),
    }
    counts = {
        "difference": lambda row: f"{row.gap:.2f}",
        "seeds, one test": lambda row: "more" if np.isnan(row.seeds) else f"{row.seeds:.0f}",
        "seeds, corrected": lambda row: (
            "more" if np.isnan(row.seeds_corrected) else f"{row.seeds_corrected:.0f}"
        ),
    }
    three = table.set_index("seeds").loc[THREE]
    return [
        heading,
        "For constrained settings, with the variances that were measured. All numbers of this section are on"
        f" the scale of {THREE} seeds, which is the paper's; on the scale of Table 1 they are smaller:",
        markdown(table, columns),
        "\n".join(
            [
                "- half-width: of a score's 95 % interval.",
                f"- detectable: the difference of two settings that Welch's test at {ALPHA:g} finds with a"
                " power"
                f" of {share(POWER)}, in simulated experiments with Gaussian runs. It stands in for the"
                " permutation test (Colas et al. 2019 and Patterson et al. 2023 plan experiments so).",
                f"- detectable, corrected: the same at {ALPHA:g} / {pairs}, which Holm's correction asks of"
                " the"
                " smallest p.",
                f"- of the paper's {gaps}: how many of its differences between constrained settings are as"
                " large as detectable.",
                "- best comes first: how often the truly best setting is first in simulated new tables, if"
                f" our scores as of {THREE} seeds less noise are the true ones: the top two then truly differ"
                f" by {three['lead']:.3f}.",
            ]
        ),
        f"Seeds that find a difference with a power of {share(POWER)}:",
        markdown(needed, counts),
        f"So with the paper's {THREE} seeds two settings must differ by {number(three['detectable'])} to be"
        f" told apart by one test with a power of {share(POWER)}. {three['paper_gaps']:.0f} of the paper's"
        f" {gaps} differences are as large. In {share(three['best_first'])} of simulated tables of {THREE}"
        f" seeds the truly best setting comes first, if the top two truly differ by {three['lead']:.3f}.",
        *_new_tables(report),
        *_accumulated(),
    ]


def _new_tables(report: Report) -> list[str]:
    if "new_tables" not in report.comparisons:
        return []
    columns = {
        "algorithm": report.label,
        "comes first": lambda row: share(row.first),
        "median": lambda row: number(row.median),
        "5 to 95 %": lambda row: between(row.low, row.high),
    }
    return [
        f"What other tables of {THREE} seeds would say, simulated, with our scores as of {THREE} seeds less"
        " noise as the true ones:",
        markdown(report.comparisons["new_tables"], columns),
    ]


def _accumulated() -> list[str]:
    return [
        "The scores as seeds accumulate, in the seeds' order and on the scale of all seeds. The bands are 95"
        " % intervals, each right by itself, not all at once.",
        "![Score and interval by number of seeds](figures/by_seeds.png)",
    ]
