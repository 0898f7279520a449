"""What to run, as data: settings, environments, the numbers and the choices of the protocol. No JAX."""
