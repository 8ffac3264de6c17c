# The environment is .venv; it is made when it is missing and brought up to date when pyproject.toml or the C++ changes.
PYTHON ?= python3
BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE := # each of many processes would compile every module anew: a second and a half
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
NATIVE := CMakeLists.txt $(wildcard src/recurra/engine/native/*.cc src/recurra/engine/native/*.h)

QUICK := not slow and not thorough
SPREAD := -n auto --dist loadfile --no-loadscope-reorder

.PHONY: demo test test-thorough test-slow test-types test-wheel campaign wheel install docs lint clean help

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/:/'

demo: .venv/installed ## four networks trained, analysed and shown: runs/demo/report.html (OVERWRITE=1 trains anew)
	@$(BIN)/recurra run flipflop --out runs/demo $(if $(OVERWRITE),--overwrite,--resume)

test: .venv/installed-test ## the tests of every part, in minutes
	$(BIN)/python -m pytest -m "$(QUICK)" $(SPREAD)

test-thorough: .venv/installed-test ## these and the tests that take some seconds each, as in CI
	$(BIN)/python -m pytest -m "not slow" $(SPREAD)

test-slow: .venv/installed-test ## the slow tests
	$(BIN)/python -m pytest -m slow

campaign: .venv/installed-test ## an hour of kills, full disks, damaged files, two writers, lost workers, a clock that jumps (MINUTES=60)
	$(BIN)/python -m tests.campaign --minutes $(or $(MINUTES),60)

# In all tests the checks would take longer than the tests: these are quick ones, of most rooms.
TYPED := models modes fixed_points similarity analysis interactive keras_files npz_files spec alignment stability program \
         tensors selectivity lifetimes continuation labels ridge

test-types: .venv/installed-test ## the annotations, kinds and shapes, while some of the tests run
	$(BIN)/python -m pytest -p tests.annotations -m "not slow" -n auto --dist loadfile $(TYPED:%=tests/test_%.py)

test-wheel: wheel ## what `make wheel` made, installed elsewhere and run: with the native engine, with the oldest dependencies, without a compiler
	$(BIN)/python tests/wheel.py

# Compiled in an environment of its own, with the versions that pyproject.toml asks for, and beside what is compiled for .venv.
wheel: .venv/installed-release ## the package as it is published, for Linux: a wheel with the native engine and the source archive, in dist/
	rm -rf dist build/wheel
	$(BIN)/python -m build --sdist --no-isolation --skip-dependency-check
	RECURRA_REQUIRE_NATIVE=1 $(BIN)/python -m build --wheel --outdir build/wheel --config-setting build-dir=build/release
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/auditwheel repair --wheel-dir dist build/wheel/*.whl

install: .venv/installed ## the environment alone

docs: .venv/installed-docs ## the pages, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

lint: .venv/installed-lint .venv/installed-test ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

clean: ## remove what was built, not the runs
	rm -rf .venv site build dist .pytest_cache .ruff_cache .hypothesis
	rm -f src/recurra/engine/native/librecurra_engine.*

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "recurra needs Python 3.11 or newer: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv

# What builds the package stands in the environment, so that nothing is compiled twice.
.venv/build-tools: pyproject.toml | .venv/bin/python
	$(PIP) scikit-build-core hatch-fancy-pypi-readme jaxlib cmake ninja
	@touch $@

# Without a C++ compiler the portable engine serves; with RECURRA_REQUIRE_NATIVE=1 that is an error.
.venv/installed: pyproject.toml $(NATIVE) | .venv/build-tools
	@rm -f src/recurra/engine/native/librecurra_engine.*
	$(PIP) --no-build-isolation --editable .
	@touch $@

.venv/installed-%: pyproject.toml | .venv/installed
	$(PIP) --no-build-isolation --editable '.[$*]'
	@touch $@
