"""Former name, until all use the new one."""

from bench.scores.single_runs import LEAST_SHARE as LEAST_SHARE
