"""Gymnasium's MuJoCo environments, stepped as a batch; their rules are a file for each version."""
