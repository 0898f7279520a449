"""Former name, until all use the new one."""

from bench.scores.single_runs import FAR as FAR
from bench.scores.single_runs import LEAST_DISTANCE as LEAST_DISTANCE
from bench.scores.single_runs import LEAST_RUNS as LEAST_RUNS
from bench.scores.single_runs import find_outliers

outliers = find_outliers
