"""Former name, until all use the new one."""

from bench.scores.scale import Grid as Grid
