"""What to run, as data: settings, environments, the numbers and the choices of the protocol. No JAX.

How to add a setting:

1. Yours stands in a file of your own, which `train --own FILE` reads: see README.md. It needs nothing here.
2. One that belongs to the suite goes into a group of `settings.py`, with its rule and the rule's numbers. The
   lecture's are published on `lecture.md`, human feedback's on `rlhf.md`, later objectives on
   `successors.md`. It stands in `algorithms/README.md` and, in InvertedPendulum, in the golden run.
3. Its colour and line follow from its family (`bench/report/appearance.py`): there is nothing to choose.
"""
