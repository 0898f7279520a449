"""The results in five sentences, on top of their page."""

from bench.protocol.environments import without_version
from bench.protocol.settings import PAPER_SETTINGS, UNCONSTRAINED
from bench.report.tables import listed, number, share
from bench.scores.estimates import ALPHA
from bench.scores.paper import CONSTRAINED
from bench.scores.report import Report


def in_short(report: Report) -> list[str]:
    """A list of what was found; nothing where there are fewer than three seeds to say it from."""
    if "predictions" not in report.comparisons:
        return []
    table = report.table.set_index("setting").loc[list(PAPER_SETTINGS)]
    best, lowest = str(table["score"].idxmax()), str(table["score"].idxmin())
    pairs = report.paper_pairs
    significant = pairs["p_holm"] < ALPHA
    with_best = pairs[(pairs[["setting", "other"]] == best).any(axis=1) & ~significant]
    equal = [name for name in with_best[["setting", "other"]].to_numpy().flat if name != best]
    told = f"; it can't be told from {listed(equal)}" if equal else "; all others are significantly lower"
    inside = report.comparisons["predictions"].query("setting in @CONSTRAINED").groupby("reading")["inside"]
    counts = inside.sum()
    first = report.comparisons["predictions"]["reading"].iloc[0]
    returns = report.returns[report.returns["setting"] == UNCONSTRAINED].set_index("environment")
    most = returns["variance_share"].idxmax()
    findings = [
        f"{best} scores highest, {number(table.loc[best, 'score'])}{told}.",
        f"{lowest} scores lowest, {number(table.loc[lowest, 'score'])}.",
        f"{share(returns['variance_share'][most])} of the variance of {UNCONSTRAINED}'s score comes from"
        f" {without_version(most)}.",
        f"{significant.sum()} of {len(pairs)} differences of settings are significant after correction.",
        f"Of the paper's {len(CONSTRAINED)} constrained scores {counts[first]} lie where new tables of three"
        f" seeds of ours would; {counts.min()} to {counts.max()} by how the paper's scale is read.",
    ]
    return ["In short:", "\n".join(f"- {finding}" for finding in findings)]
