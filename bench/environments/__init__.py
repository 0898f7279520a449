"""Gymnasium's MuJoCo environments, stepped as a batch; their rules are a file for each version.

How to add an environment:

1. Write its rules as a `Task` in `v4.py`: starts, observations, rewards, ends. Add it to `TASKS` there.
2. Add its name to `SLOWEST_FIRST` in `bench/protocol/environments.py`, its published return (or NaN) to
   `FIGURE_3` in `bench/protocol/published.py`, and its golden run by `python -m tests.golden.make`. Then it
   is one of those that every command means when none is named, and Table 1 is not whole without it.
3. Run `tests/bench/environments`, which hold every environment equal to Gymnasium's, step by step
   (Reacher's reward but for its last bits, which there depend on the processor).
"""
