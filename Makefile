# Everything a developer or a first-time user runs. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.12 >/dev/null && python3.12 -c 'pass' 2>/dev/null && echo python3.12 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
FLASK := $(BIN)/python -m flask
SOURCES := app trial scoring sandbox problems migrations tests tools benchmarks deploy client

.PHONY: help demo demo-once test test-fast test-full lint format bench assets clean lock

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

demo: $(VENV)/.app assets ## Serve the site with six problems on http://127.0.0.1:8000 (PORT=9000 moves it)
	@$(FLASK) demo prepare
	@exec $(FLASK) run-all

demo-once: $(VENV)/.app assets ## The same work without staying: prints every baseline's scores and ends
	@exec $(FLASK) demo once

test: $(VENV)/.dev $(VENV)/.browser assets services ## All tests, with real services and coverage
	@tools/services run $(BIN)/python tools/run_tests.py

test-fast: $(VENV)/.dev assets ## The inner loop: no services, under a minute
	@PYTEST_DEBUG_TEMPROOT=$$([[ -w /dev/shm ]] && echo /dev/shm || echo /tmp) \
	  $(BIN)/python -m pytest -q -n auto -m "not docker and not bubblewrap and not postgres and not redis and not browser and not slow"

test-full: $(VENV)/.dev $(VENV)/.browser assets services ## The whole matrix: every attack on every backend and runtime, long fuzzing
	@tools/services run $(BIN)/python tools/run_tests.py --full

lint: $(VENV)/.dev ## Style, types, architecture, templates, translations
	@tools/lint

format: $(VENV)/.dev ## Rewrite code and templates in the house style
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix $(SOURCES)

bench: $(VENV)/.dev $(VENV)/.bench assets ## Benchmarks as ratios against a named reference
	@$(BIN)/python -m benchmarks

assets: $(VENV)/.app ## Compile translations
	@$(BIN)/python tools/translations.py compile >&2

services: ## Install and prepare PostgreSQL, Redis, Docker and Chromium where the machine lets it
	@tools/services install

lock: ## Renew the hash-locked requirements
	@for name in app dev; do $(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-strip-extras --no-emit-index-url --universal --python-version 3.11 requirements/$$name.in -o requirements/$$name.txt; done

clean: ## Remove what can be made again; the data in instance/ stays
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis htmlcov .coverage*

$(VENV)/bin/python:
	@tools/make_venv "$(PYTHON)" $(VENV)

$(VENV)/.app: requirements/app.txt | $(VENV)/bin/python
	@echo "installing dependencies" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/app.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.app
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.browser: tests/browser/package-lock.json $(VENV)/.dev
	@$(BIN)/python tools/npm.py tests/browser ci >&2
	@touch $@

$(VENV)/.bench: benchmarks/package-lock.json $(VENV)/.dev
	@$(BIN)/python tools/npm.py benchmarks ci >&2
	@touch $@
