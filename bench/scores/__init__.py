"""Numbers from runs: scores on a scale, their intervals and tests, and the paper beside them. No JAX."""
