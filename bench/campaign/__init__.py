"""All jobs: on worker processes, with progress; what is done, and whether it repeats."""
