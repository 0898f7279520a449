"""The experiment around Table 1 of the PPO paper: what to run, running it, and what came out."""

from bench.determinism import pin

pin()
