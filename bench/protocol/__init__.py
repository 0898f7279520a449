"""What to run, as data: settings, environments, the numbers and the choices of the protocol. No JAX.

How to add a setting:

1. Add it to `SETTINGS` in `settings.py`, with the rule that it is of and the rule's numbers.
2. Train it by its name: `--settings NAME`. It is no row of Table 1, and moves no number there.
3. Its colour and line follow from its family (`bench/report/appearance.py`): there is nothing to choose.

A setting that only you need stands in a file of your own, which `train --own FILE` reads: see README.md.
"""
