"""Every variant trains, is repeated to the bit, and mixes with nothing."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from bench.campaign.jobs import TrainingJob
from bench.campaign.verify import compare, verify
from bench.common.errors import UserError
from bench.protocol.environments import without_version
from bench.protocol.protocol import DEFAULT, Protocol, Run
from bench.protocol.selection import Selection
from bench.protocol.variants import VARIANTS
from bench.results.folder import Results, open_results
from bench.training.own import OwnFile
from bench.training.training import Training, train
from tests.helpers.soak import mark_soak

pytestmark = pytest.mark.slow

# With control costs, time limits and a setting whose KL grows, so that every choice matters at once.
ENVIRONMENT = "Reacher-v4"
RUN = Run(ENVIRONMENT, "no-clip", 0)
TIMESTEPS = 4096


def run_of(protocol: Protocol) -> Run:
    return replace(RUN, environment=f"{without_version(ENVIRONMENT)}-{protocol.environment_version}")


def trained(folder: Path, run: Run, protocol: Protocol, seconds: float = np.inf) -> Results:
    """A results folder of this run, trained in this process in segments of about so many seconds."""
    results = open_results(folder, TIMESTEPS, create=True, protocol=protocol)
    job: TrainingJob | None = TrainingJob((run,))
    while job is not None:
        job = job.write_files(results, job.do(results.protocol, seconds, lambda steps: None))
    return results


@pytest.fixture(scope="module")
def by_default(tmp_path_factory: pytest.TempPathFactory) -> str:
    return trained(tmp_path_factory.mktemp("default"), RUN, DEFAULT).read_csv(RUN)


# It has the most choices of a protocol; `make soak` tries the other variants.
TRIED = "todays-libraries"


@pytest.mark.parametrize("name", [TRIED, *mark_soak(name for name in VARIANTS if name != TRIED)])
def test_a_variant_trains_and_is_repeated_also_cut_at_every_update(
    name: str, by_default: str, tmp_path: Path
) -> None:
    variant = VARIANTS[name]
    run = run_of(variant)
    results = trained(tmp_path / "first", run, variant)
    repeated = trained(tmp_path / "second", run, variant, seconds=0.0)
    assert results.read(run).record["diverged_at"] is None
    assert results.read_csv(run) != by_default
    assert compare(run, results, repeated, Console(file=io.StringIO())) == "identical"
    with pytest.raises(UserError, match="holds results of protocol"):
        open_results(results.path, TIMESTEPS, create=False, protocol=DEFAULT)
    written = json.loads((results.path / "protocol.json").read_text())
    assert written["differs_from_default"] == replace(variant, timesteps=TIMESTEPS).in_words()


@pytest.mark.parametrize(
    "name", [TRIED, *mark_soak(["bootstrapped-time-limits", "epochs-stopped-by-kl", "v5"])]
)
def test_a_run_of_a_variant_does_not_depend_on_its_company(name: str) -> None:
    """Where loops end early, where sums are over all parameters, and where the environment acts otherwise."""
    protocol = replace(VARIANTS[name], timesteps=TIMESTEPS)
    run = run_of(protocol)
    (alone,) = train([run], protocol)
    together = train([replace(run, setting="clip-0.2"), run], protocol)
    assert together[1].csv == alone.csv


# Keeps in its column the fraction of the stepsize that an update uses.
FRACTION = OwnFile(
    "fraction.py",
    """
from dataclasses import dataclass

import jax.numpy as jnp

from algorithms.rules import Improvement
from bench.protocol.settings import Setting


@dataclass(frozen=True)
class Fraction:
    columns = ("fraction",)

    def initial(self, hyperparameters, parameters):
        return ()

    def improve(self, context, parameters, rule_state, numbers, experience, key):
        diagnostics = {"fraction": jnp.asarray(context.stepsize_fraction)}
        return Improvement(parameters, rule_state, jnp.zeros(()), jnp.zeros(()), diagnostics)

    def adapt(self, numbers, kl):
        return {}


rule = Fraction()
SETTINGS = [Setting("fraction", "The fraction", "still", {"unused": 1.0})]
""",
)


def test_a_run_is_annealed_over_its_updates_also_after_an_interruption() -> None:
    """The fifth of six updates uses 2/6 of the stepsize, the sixth 1/6."""
    protocol = replace(VARIANTS["annealed"], timesteps=6 * 2048)
    training = Training([Run(ENVIRONMENT, "fraction", 0)], protocol, (FRACTION,))
    training.advance(0)
    resumed = Training.resumed(training.checkpoint(0.0, []), protocol, (FRACTION,))
    resumed.advance(np.inf)
    fractions = [line.rpartition(",")[2] for line in resumed.results[0].csv.splitlines()]
    assert fractions == ["fraction", "0.333333343", "0.166666672"]


def test_a_prefix_of_an_annealed_run_is_not_repeated(tmp_path: Path) -> None:
    """A shorter run is annealed faster."""
    results = open_results(tmp_path, 12 * 2048, create=True, protocol=VARIANTS["annealed"])
    with pytest.raises(
        UserError, match="has runs whose updates depend on their length: leave out --timesteps"
    ):
        verify(results, Selection((ENVIRONMENT,), ("clip-0.2",), (0,)), 5 * 2048, Console())
