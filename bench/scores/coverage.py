"""Former name, until all use the new one."""

from bench.scores.power import LEAST_SKEWNESS as LEAST_SKEWNESS
