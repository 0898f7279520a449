"""All jobs: on worker processes, with progress; what is done, and whether it repeats."""

# Before anything imports those parts of Dask that read its configuration when they are imported.
from bench.campaign import configuration as configuration
