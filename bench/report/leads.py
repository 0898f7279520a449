"""`leads.md` and its tables: clipping's lead over a KL penalty under other protocols."""

from pathlib import Path

from bench.protocol.selection import ranges
from bench.report.figures import write_beside
from bench.report.formats import format_estimate
from bench.report.tables import lay_out
from bench.report.templates import render
from bench.scores.contrasts import CLIPPING_LESS_PENALTIES, MEAN_ACTIONS, SCORE
from bench.scores.estimates import ALPHA
from bench.scores.leads import ALONE, SEEDS, LeadTables
from bench.scores.variants import DEFAULT

PAGE = "leads"
OUTCOMES = {SCORE: "by the score of training", MEAN_ACTIONS: "by mean actions of the final policy"}


def write_leads(tables: LeadTables, folder: Path) -> Path:
    """Write the page and its tables into the results folder; returns the page's path."""
    named = {f"{PAGE}/leads": tables.leads, f"{PAGE}/by_environment": tables.by_environment}
    write_beside(folder, PAGE, render_leads(tables), named, {})
    return folder / f"{PAGE}.md"


def render_leads(tables: LeadTables) -> str:
    """The page, which says of each protocol and outcome what the plan lets it say."""
    leads = tables.leads
    return render(
        "leads.md",
        leads=leads,
        tested=leads[leads["protocol"] != DEFAULT],
        contrast=CLIPPING_LESS_PENALTIES,
        alone=ALONE,
        outcomes=OUTCOMES,
        environments=lay_out(
            tables.by_environment.assign(outcome=tables.by_environment["outcome"].map(OUTCOMES)),
            lambda row: format_estimate(row, "lead", ("low", "high")),
            heads=("protocol", "outcome"),
            column="scope",
        ),
        seeds=ranges(list(SEEDS)),
        missing=tables.missing,
        alpha=ALPHA,
    )
