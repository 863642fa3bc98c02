# The commands of this project; `make` alone lists them.
# pip follows the environment's own configuration (PIP_*, pip.conf): no index is named here.

PYTHON ?= python3
# How many processes run tests at once: one for each core, 4 at the most.
WORKERS ?= auto
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS) --maxprocesses 4
# For tools that load the settings: no key, no database, nothing of the caller's.
TOOLS := DEBUG=on DATABASE_URL=sqlite://:memory:

export PYTHONUTF8 = 1

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types migrations chromium postgresql faults bench bench-page screenshots messages audit requirements clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/.installed ## run the dashboard with a sandbox on this machine, until Ctrl-C
	@DEBUG=off $(BIN)/python manage.py collectstatic --noinput --verbosity 0
	@$(BIN)/python manage.py demo

test: .venv/.installed-dev chromium postgresql lint types migrations ## every check and every test
	$(PYTEST)

check: .venv/.installed-dev lint types migrations ## every check and the tests that need no browser and no server
	$(PYTEST) -m "not browser and not servers"

lint: .venv/.installed-dev ## style and boundaries
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/lint-imports

types: .venv/.installed-dev ## mypy, strict
	$(TOOLS) $(BIN)/mypy .

migrations: .venv/.installed-dev ## whether every change of a model has its migration
	$(TOOLS) $(BIN)/python manage.py makemigrations --check --dry-run

chromium: .venv/.installed-dev ## get a Chromium for the tests in a browser
	@.ci/chromium

postgresql: .venv/.installed-dev ## get a PostgreSQL for the tests on one
	@.ci/postgresql

faults: .venv/.installed-dev ## print what every page and every write says to every fault
	$(BIN)/python -m tests.faults.matrix

bench: .venv/.installed-dev ## measure pages beside the bare calls they make
	$(BIN)/python -m tests.bench

messages: .venv/.installed-dev ## bring the Chinese catalogue in step with the source
	$(BIN)/python -m tests.translations

bench-page: .venv/.installed-dev chromium ## measure what a browser meets on list, detail and edit
	$(BIN)/python -m tests.bench.page

screenshots: .venv/.installed-dev chromium ## take the pictures of the README anew
	$(BIN)/python -m tests.screenshots

audit: .venv/.installed-dev ## look the pinned packages up among known vulnerabilities
	$(BIN)/pip-audit --requirement requirements-dev.txt --require-hashes --disable-pip

UV_COMPILE = $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make requirements"

requirements: .venv/.installed-dev ## pin what pyproject.toml names, with hashes
	test -x $(BIN)/uv || $(PIP) install --quiet uv
	$(UV_COMPILE) pyproject.toml --output-file requirements.txt
	$(UV_COMPILE) pyproject.toml --group dev --constraint requirements.txt \
		--output-file requirements-dev.txt

clean: ## remove what these commands made
	rm -rf .venv .demo staticfiles

.venv/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"Python 3.11 or newer is needed; this is " + sys.version.split()[0] + \
		". Name another: make PYTHON=/path/to/python3.11")'
	@$(PYTHON) -m venv .venv || { echo "The module venv is needed: on Debian, apt install python3-venv" >&2; exit 1; }
	$(PIP) install --quiet --require-hashes --requirement requirements.txt
	@touch $@

.venv/.installed-dev: .venv/.installed requirements-dev.txt
	$(PIP) install --quiet --require-hashes --requirement requirements-dev.txt
	@touch $@
