"""What is stored: the columns of its files, the folder that they are in, and reading it back. No JAX."""
