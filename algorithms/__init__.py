"""The mathematics of PPO's Table 1 as pure JAX functions: no I/O, no environments, one concept a file."""
