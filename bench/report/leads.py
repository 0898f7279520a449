"""`leads.md` and its tables: clipping's lead over a KL penalty under other protocols."""

from pathlib import Path

from bench.protocol.environments import without_version
from bench.protocol.selection import ranges
from bench.report.beside import write_beside
from bench.report.formats import format_interval, format_number
from bench.report.tables import Cells
from bench.report.templates import render
from bench.scores.contrasts import CLIPPING_LESS_PENALTIES
from bench.scores.estimates import ALPHA
from bench.scores.leads import ALONE, DEFAULT, MEAN_ACTIONS, SCORE, SEEDS, LeadTables

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
        environments=format_by_environment(tables),
        seeds=ranges(list(SEEDS)),
        missing=tables.missing,
        alpha=ALPHA,
    )


def format_by_environment(tables: LeadTables) -> Cells:
    """The lead and its interval, a row an outcome and protocol."""
    table = tables.by_environment
    rows: dict[tuple[str, str], list[str]] = {}
    for row in table.itertuples():
        cell = f"{format_number(row.lead)} ({format_interval(row.low, row.high)})"
        rows.setdefault((row.protocol, OUTCOMES[row.outcome]), []).append(cell)
    scopes = table["scope"].unique().tolist()
    heading = [without_version(scope) if "-v" in scope else scope for scope in scopes]
    return [["protocol", "outcome", *heading], *([*key, *cells] for key, cells in rows.items())]
