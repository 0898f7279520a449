"""All tests run with the settings that a run's bits depend on, made before anything imports JAX."""

from bench.training.determinism import pin

pin()
