# Two commands take a fresh machine with python3 (3.11+), venv and make to a running product:
#   make demo    make test
# Everything lands in .venv; nothing outside this directory is touched.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.set-up
UV_PIN := uv==0.13.8
# Two processes: what a small machine has, and no more than the tests' own servers leave free.
PYTEST_FLAGS ?= -n 2 --dist loadgroup --durations 25

# Behind a proxy that inspects TLS, uv must trust what the system trusts.
export UV_SYSTEM_CERTS := 1
# An activated environment or a source path of the caller's must not leak into ours.
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.PHONY: help setup demo test lock clean
.DELETE_ON_ERROR:

help:  ## Show this list.
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | column -t -s '|' 2>/dev/null \
		|| sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1: \2/p' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP)  ## Make .venv with the locked dependencies and the project in it.

demo: $(STAMP)  ## Start everything on this machine and play an incident through it.
	$(BIN)/aiops demo

test: $(STAMP)  ## Run all that must pass: format, lint, types, import contracts, tests.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/cog --check README.md
	$(BIN)/pytest $(PYTEST_FLAGS)

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "aiops needs Python 3.11 or newer, but '$(PYTHON)' is $$($(PYTHON) -V 2>&1)."; \
		echo "Name another one: make $(or $(MAKECMDGOALS),setup) PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV) || { \
		echo "Could not make a virtual environment. On Debian: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV_PIN)

# Editable: a change to a source file needs no second installation. What ships, the wheel, is
# built and tested on its own (tests/packaging/test_wheel.py).
$(STAMP): requirements.lock requirements-dev.lock pyproject.toml Makefile | $(BIN)/uv
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements-dev.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --python-version 3.11

lock: $(BIN)/uv  ## Renew the lock files from pyproject.toml (names, versions, hashes; no addresses).
	$(LOCK) pyproject.toml --output-file requirements.lock
	$(LOCK) pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock
	$(LOCK) --group build --constraint requirements-dev.lock --output-file requirements-build.lock

clean:  ## Remove .venv and what the tools left behind.
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
