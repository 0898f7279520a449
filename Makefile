# Table 1 of the PPO paper. `make table1` trains whatever is missing and writes the table; see README.md.
#
# Variables, each the same-named flag of `python -m bench`:
#   RESULTS=results  SEEDS=3  TIMESTEPS=1000000  ENVIRONMENTS="Hopper-v4 Walker2d-v4"  SETTINGS="clip-0.2 fixed-kl-1"
#   SCHEDULER=tcp://host:8786 (training only)

PYTHON ?= python3
BENCH := .venv/bin/python -m bench
FLAGS = $(if $(RESULTS),--results "$(RESULTS)") $(if $(SEEDS),--seeds $(SEEDS)) \
	$(if $(TIMESTEPS),--timesteps $(TIMESTEPS)) $(if $(ENVIRONMENTS),--environments $(ENVIRONMENTS)) \
	$(if $(SETTINGS),--settings $(SETTINGS))

.PHONY: table1 curves check test lint notebooks speed soak portable lock clean

table1: .venv/installed
	@$(BENCH) train $(FLAGS) $(if $(SCHEDULER),--scheduler $(SCHEDULER))
	@$(BENCH) table $(FLAGS)

curves: .venv/installed
	@$(BENCH) curves $(FLAGS)

# All that needs no training and no other processes: under a minute.
check: lint
	.venv/bin/pytest -m "not slow" --numprocesses auto tests

test: lint
	.venv/bin/pytest --numprocesses auto --dist loadgroup

lint: .venv/installed
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo

# Executes the notebooks and keeps what they print.
notebooks: .venv/installed
	.venv/bin/pytest --nbmake --overwrite notebooks

# Half an hour; the extra `peers` adds other libraries to the comparison.
speed: .venv/installed
	@$(BENCH) speed $(if $(RESULTS),--results "$(RESULTS)") $(if $(ENVIRONMENTS),--environments $(ENVIRONMENTS))

# As `make test` kills a campaign at random moments, only more often.
soak: .venv/installed
	.venv/bin/pytest tests/bench/campaign/test_survival.py --kills 20

# As on processors of several makers: emulates them, for an hour or two of a core. Needs the package qemu-user.
portable: .venv/installed
	@.venv/bin/python -m tests.golden.portable

# The exact versions, from those that pyproject.toml allows.
lock: .venv/installed
	.venv/bin/pip install --quiet uv
	.venv/bin/uv pip compile pyproject.toml --extra dev --universal --fork-strategy fewest --python-version 3.11 \
		--no-emit-index-url --no-header --no-annotate --upgrade --quiet --output-file requirements.lock

# Everything that can be made again. Results are not touched.
clean:
	rm -rf .venv .cache *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/installed: requirements.lock pyproject.toml
	@echo "installing into .venv (once)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; choose one with PYTHON=...")'
	@$(PYTHON) -m venv .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@
