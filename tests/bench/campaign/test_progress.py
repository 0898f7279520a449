"""What a campaign shows of itself."""

import io
import re

import pytest
from rich.console import Console

from bench.campaign import progress
from bench.campaign.progress import CampaignProgress
from tests.helpers.processes import wait_until
from tests.helpers.screen import shown


def test_a_log_says_what_happens_from_start_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", -1.0)
    log = io.StringIO()
    with CampaignProgress(Console(file=log, width=200), 2, 100, "training", "steps") as campaign:
        campaign.started("1 worker of this machine's 2 cores")
        campaign.tick(workers=1)
        campaign.stepped("job", 50)
        campaign.tick(workers=1)
        campaign.finished("Hopper-v4 seed 0", 2)
    assert log.getvalue().splitlines() == [
        "training 2 runs on 1 worker of this machine's 2 cores, compiling first",
        "training (0/2 runs, compiling for 0 s)",
        "first steps after 0 s (0/2 runs)",
        "training (0/2 runs)",
        "Hopper-v4 seed 0 done (2/2 runs)",
        "2 runs in 0 s",
    ]


@pytest.mark.parametrize("width", [50, 80])
def test_after_ctrl_c_the_bar_stands_there_once_above_what_is_said(width: int) -> None:
    terminal = io.StringIO()
    console = Console(file=terminal, width=width, force_terminal=True, _environ={})
    campaign = CampaignProgress(console, 2, 100, "training", "steps")
    with campaign:
        campaign.started("2 workers")
        wait_until(lambda: "0/2 runs" in terminal.getvalue())
        terminal.write("^C")  # as the terminal's driver does
        campaign.say("a job failed")
        campaign.stop()
        campaign.say("stopped")
    first, failure, bar, *rest = shown(terminal.getvalue(), width)
    assert (first, failure) == ("training 2 runs on 2 workers, compiling first", "a job failed")
    assert re.fullmatch(r"training +━+ 0/2 runs, compiling for \d s", bar)
    assert rest[0] == "stopped"
