"""Numbers from runs: the scale, the table, its intervals, and the paper beside it. No JAX."""
