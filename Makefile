# Two commands: `make run` and `make test`. Each sets up everything it needs in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Tools of their own: what they bring along would not go with the program's.
AUDIT := .venv-audit
PORT ?= 8025
# More than the cores of the smallest machine we test on: half of the time goes into waiting. Browsers have two of them.
WORKERS ?= 5
# The tests make thousands of databases: in memory where there is room, since new files are what they would wait for.
SCRATCH ?= $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 4000000 { print "/dev/shm" }')
# Chromium of the system; without one the browser tests are skipped (and in CI they fail).
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
export CHROMIUM

.PHONY: run test lint check-types check-imports compiled pytest scale bench eval chaos fuzz audit messages lock clean

run: $(READY)
	$(BIN)/python -m bot demo --port $(PORT)

# The checks need one core each and wait for nothing; meanwhile the modules are compiled that every worker reads.
test: $(READY)
	@$(MAKE) --no-print-directory -j 4 --output-sync=target lint check-types check-imports compiled
	@$(MAKE) --no-print-directory pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check-types: $(READY)
	$(BIN)/mypy

check-imports: $(READY)
	$(BIN)/lint-imports

# Once, rather than by each worker and each process that a test starts.
compiled: $(READY)
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q --collect-only -p no:cacheprovider > /dev/null

# PostgreSQL runs as another user when started as root, and must be able to enter the folder.
pytest: $(READY)
	@scratch=$$(mktemp -d "$(or $(SCRATCH),$${TMPDIR:-/tmp})/kakehashi-XXXXXX") && chmod 755 "$$scratch" && \
		trap 'rm -rf "$$scratch"' EXIT INT TERM && \
		PYTHONDONTWRITEBYTECODE= TMPDIR="$$scratch" $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

# Two edges, three workers and two clocks on one PostgreSQL, one of each killed at work.
scale: $(READY)
	$(BIN)/python -m tests.scale

bench: $(READY)
	$(BIN)/python -m tests.benchmarks

# How right the reading of conversations is, with the configured model; ARGS="--plain" without one (docs/evals.md).
eval: $(READY)
	$(BIN)/python -m tests.evals $(ARGS)

# Kill, cut, fill and mislead a bot at work, and count afterwards. The same seed brings the same troubles.
chaos: $(READY)
	$(BIN)/python -m tests.chaos --seed $(or $(SEED),1) --kills $(or $(KILLS),500)

# Whatever reads what strangers send, tried with what nobody would think of: SECONDS for each parser, then forms, buttons
# and the pages of a served bot. atheris has wheels for Linux only, so it stands in a list of its own.
fuzz: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-fuzz.lock
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),30)
	FORM_ROUNDS=40 SURFACE_EXAMPLES=100 $(BIN)/python -m pytest -q tests/handlers/test_strange_forms.py \
		tests/handlers/test_surface.py

# Bring the catalogues up to date with the sources; untranslated entries are then to be filled in.
messages: $(READY)
	$(BIN)/python -m tests.catalogue

# What is known to be wrong with the dependencies, where the service that knows can be reached; and a list of them (SBOM).
audit: $(AUDIT)/.ready
	$(AUDIT)/bin/python tests/audit.py

$(AUDIT)/.ready: requirements-audit.lock
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.lock
	touch $@

# Pin every dependency with its hashes, for every platform and Python from 3.11 on (needs uv): all of them, and those of
# them that a server needs, and the auditor's.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header --no-annotate pyproject.toml --group dev -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --no-annotate pyproject.toml -c requirements.lock -o requirements-run.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --no-annotate --group audit -o requirements-audit.lock

$(READY): requirements.lock
	$(PYTHON) -c 'import sys; sys.exit("Kakehashi needs Python 3.11 or newer." if sys.version_info < (3, 11) else 0)'
	@echo "Setting up .venv (once, about a minute) ..."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $(READY)

clean:
	rm -rf $(VENV) $(AUDIT) data/local artifacts .mypy_cache .ruff_cache .pytest_cache .hypothesis
