"""Which files of a results folder have checksums."""

from pathlib import Path

from bench.common.files import digest
from bench.protocol.protocol import DEFAULT
from bench.results.checksums import checksums
from bench.results.folder import Results


def test_they_are_of_finished_runs_of_policies_of_seed_0_and_of_what_is_measured(tmp_path: Path) -> None:
    folder = "Hopper-v4/clip-0.2"
    named = [f"policies/{folder}/seed-00.npz", "policies.csv", "protocol.json", "random.csv"]
    named += [f"runs/{folder}/seed-00.csv", f"runs/{folder}/seed-00.json"]
    # A run is finished when its CSV is there, which comes after its JSON.
    others = [f"policies/{folder}/seed-01.npz", f"runs/{folder}/seed-01.json"]
    for name in (*named, *others):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    assert checksums(Results(tmp_path, DEFAULT)).splitlines() == [f"{digest(name)}  {name}" for name in named]
