"""Former name, until all use the new one."""

from bench.scores.pairs import AREA as AREA
from bench.scores.pairs import MIDDLE as MIDDLE
from bench.scores.pairs import POOLED as POOLED
from bench.scores.pairs import RANDOM as RANDOM
from bench.scores.pairs import WITHOUT as WITHOUT
