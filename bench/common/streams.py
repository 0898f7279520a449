"""The standard streams of a process whose caller has closed some of them."""

import os
import sys
from pathlib import Path


def open_closed_streams() -> None:
    """Let streams that are closed lead to nowhere: else the next file that is opened takes their place."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    nowhere = Path(os.devnull)
    sys.stdin = sys.stdin or nowhere.open()
    sys.stdout = sys.stdout or nowhere.open("w")
    sys.stderr = sys.stderr or nowhere.open("w")
