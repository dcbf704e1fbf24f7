# Every target sets up what it needs by itself: Python 3.11 or later is all a machine must have.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint types bench bench-instructions bench-dmn bench-workers soak soak-workers conformance oracle oracle-demo package docs clean
WORKERS ?= 2
PYTEST_ARGS ?=
ARGS ?=
VENV ?= .venv
export VENV
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */|/' | awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'

setup:  ## .venv (or VENV=…) with everything that uv.lock names
	@scripts/bootstrap

demo: setup  ## the insurance process on a fresh engine, until Ctrl-C; ONCE=1 ends by itself
	$(BIN)/python examples/insurance/demo.py

test: check  ## everything: lint, types, tests on SQLite and PostgreSQL
	$(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_ARGS)

check: lint types  ## lint and types only

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

bench: setup  ## what an instance costs, by stage and beside Camunda; PYTHON=/usr/bin/python3 VENV=.venv-bench: with another Python
	$(BIN)/python -m tests.benchmarks $(ARGS)

bench-instructions: setup  ## instructions a command takes, counted by valgrind: shows a change of one percent, whatever else the machine does
	$(BIN)/python -m tests.benchmarks.instructions $(ARGS)

bench-dmn: setup  ## decision tables and FEEL beside zen-engine, Camunda 7, SpiffWorkflow, pyDMNrules, feelin
	$(BIN)/python -m tests.benchmarks.decisions $(ARGS)

bench-workers: setup  ## our workers beside c8-client, the official Camunda 8 SDK and the Camunda 7 client
	$(BIN)/python -m tests.benchmarks.workers $(ARGS)

soak-workers: setup  ## 10,000 jobs of every kind on both APIs, the engine away for a minute in between
	$(BIN)/python -m tests.faults.workers $(ARGS)

soak: setup  ## kill -9 of engines, nodes, workers and PostgreSQL itself under load, half an hour; rewrites the table of faults
	$(BIN)/python -m tests.faults $(ARGS)

conformance: setup  ## replay what the real Camunda 7 did, run the DMN TCK; rewrites docs/conformance
	$(BIN)/python -m tests.conformance $(ARGS)
	$(if $(ARGS),,$(BIN)/python -m tests.conformance.tck)

oracle: setup  ## random models on the real Camunda 7 and on Procession; what differs becomes a test
	$(BIN)/python -m tests.oracle $(ARGS)

oracle-demo: setup  ## the same models and workers on the real Camunda 7 and on Procession, side by side
	$(BIN)/python examples/insurance/oracle_demo.py $(ARGS)

package: setup  ## the functions' deployment package, its size and import times
	$(BIN)/python scripts/package_functions.py $(ARGS)

docs: setup  ## rewrites docs/reference from the code
	$(BIN)/python scripts/generate_reference.py $(ARGS)
	$(if $(ARGS),,$(BIN)/python -m tests.faults.table)

clean:  ## removes what setup, tests and demo made
	rm -rf .venv .venv-bench .tools .demo .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
