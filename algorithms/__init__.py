"""The mathematics of PPO's Table 1 and the lecture's other methods: pure JAX, no I/O, one concept a file."""
