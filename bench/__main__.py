"""python -m bench, or ppo-table1: see `bench.command_line`."""

import sys

from bench.common.interrupts import exit_at_once
from bench.common.streams import open_closed_streams


def main() -> int:
    """Run the command line; returns the exit status."""
    exit_at_once()
    open_closed_streams()
    # Imported here: it takes a second, in which Ctrl-C must be answered, and workers import this module, too.
    from bench.command_line import run_command_line

    return run_command_line()


if __name__ == "__main__":
    sys.exit(main())
