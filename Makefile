# Table 1 of the PPO paper. `make table1` trains whatever is missing and writes the table; see README.md.
#
# Variables, each the same-named flag of `python -m bench`:
#   RESULTS=results  SEEDS=3  TIMESTEPS=1000000  ENVIRONMENTS="Hopper-v4 Walker2d-v4"  SETTINGS="clip-0.2 fixed-kl-1"
#   VARIANT=raw-advantages  OWN="mine.py yours.py"  SET="discount=0.999"  SCHEDULER=tcp://host:8786 (the last three for training only)

PYTHON ?= python3
BENCH := .venv/bin/python -m bench

VARIABLES := RESULTS SEEDS TIMESTEPS ENVIRONMENTS SETTINGS VARIANT OWN SET SCHEDULER PYTHON
UNKNOWN := $(filter-out $(VARIABLES),$(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name))))
ifneq ($(strip $(UNKNOWN)),)
$(error unknown variable $(firstword $(UNKNOWN)); choose from: $(VARIABLES))
endif

# A value as one word of the shell, and each word of a list.
quoted = '$(subst ','\'',$(1))'
each = $(foreach word,$(1),$(call quoted,$(word)))
FLAGS = $(if $(RESULTS),--results $(call quoted,$(RESULTS))) $(if $(VARIANT),--variant $(call quoted,$(VARIANT))) \
	$(if $(SEEDS),--seeds $(call quoted,$(SEEDS))) $(if $(TIMESTEPS),--timesteps $(call quoted,$(TIMESTEPS))) \
	$(if $(ENVIRONMENTS),--environments $(call each,$(ENVIRONMENTS))) \
	$(if $(SETTINGS),--settings $(call each,$(SETTINGS)))
WORKERS = $(if $(SCHEDULER),--scheduler $(call quoted,$(SCHEDULER)))

# Not after runs of a length that was asked for: playing episodes would take longer than short training.
EVALUATE = $(if $(TIMESTEPS),,@$(BENCH) evaluate $(FLAGS) $(WORKERS))

.PHONY: table1 curves page variants check test lint notebooks speed videos soak portable lock clean

table1: .venv/installed
	@$(BENCH) train $(FLAGS) $(if $(OWN),--own $(call each,$(OWN))) $(if $(SET),--set $(call each,$(SET))) $(WORKERS)
	$(EVALUATE)
	@$(BENCH) table $(FLAGS)

curves: .venv/installed
	@$(BENCH) curves $(FLAGS)

# index.html of the results folder, to explore all its runs in a browser, and its pages as HTML.
page: .venv/installed
	@$(BENCH) page $(if $(RESULTS),--results $(call quoted,$(RESULTS))) $(if $(VARIANT),--variant $(call quoted,$(VARIANT)))

# variants/README.md of the results folder: what each variant of the protocol moves.
variants: .venv/installed
	@$(BENCH) variants $(if $(RESULTS),--results $(call quoted,$(RESULTS)))

# All but the slow tests: a minute and a half on two cores.
check: lint
	.venv/bin/pytest -m "not slow" --numprocesses auto --dist loadfile

test: lint
	.venv/bin/pytest --numprocesses auto --dist loadfile

lint: .venv/installed
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo

# Executes the notebooks and keeps what they print.
notebooks: .venv/installed
	.venv/bin/python -m tests.helpers.notebooks notebooks/*.ipynb

# Half an hour of one core; the extra `peers` adds other libraries to the comparison.
speed: .venv/installed
	@$(BENCH) speed $(if $(RESULTS),--results $(call quoted,$(RESULTS))) \
		$(if $(ENVIRONMENTS),--environments $(call each,$(ENVIRONMENTS)))

# Needs a library that draws: on Debian, libosmesa6.
videos: .venv/installed
	@$(BENCH) videos $(if $(RESULTS),--results $(call quoted,$(RESULTS))) \
		$(if $(ENVIRONMENTS),--environments $(call each,$(ENVIRONMENTS)))

# What `make test` leaves out because it is rare and slow, the notebooks, and more kills and random damage.
soak: .venv/installed
	.venv/bin/pytest --numprocesses auto --dist loadfile --soak -m soak
	.venv/bin/pytest --nbmake notebooks
	.venv/bin/pytest tests/bench/campaign/test_survival.py --soak --kills 20
	.venv/bin/pytest tests/bench/test_fuzz.py --cases 20000 --capture no

# The golden start on other machines, two or three hours of a core. Needs qemu-user, debootstrap and root, or leaves out.
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
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15) and "Python 3.11 to 3.14 is needed, because not all packages are built for others; choose one with PYTHON=...")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Python cannot make .venv: install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@
