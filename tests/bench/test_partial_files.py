"""Files that are being written, while a campaign removes what killed writers left."""

import threading
from pathlib import Path

from bench.common.files import PARTIAL, remove_leftovers, replace_whole


def test_a_file_that_another_process_writes_is_no_leftover(tmp_path: Path) -> None:
    """The other process is a thread: a lock belongs to an open file, whoever opened it."""
    (tmp_path / f".page.md.0{PARTIAL}").write_text("half")
    written, stop = 0, threading.Event()

    def remove() -> None:
        while not stop.is_set():
            remove_leftovers(tmp_path, but="")

    campaign = threading.Thread(target=remove)
    campaign.start()
    try:
        for written in range(50):
            replace_whole(tmp_path / "page.md", str(written))
    finally:
        stop.set()
        campaign.join()
    assert (tmp_path / "page.md").read_text() == str(written)
    assert [path.name for path in tmp_path.iterdir()] == ["page.md"]
