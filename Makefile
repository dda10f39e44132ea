# Every target does its own set-up; python3 with venv is all it takes.
SHELL := /bin/bash
BIN := .venv/bin
FAST := -m "not slow"

.PHONY: demo test test-fast lint bench catalog docs lock clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

demo: .venv/installed  ## a deployed database with two leagues, on the embedded server
	@$(BIN)/stanchion demo

test: .venv/developed  ## every test on Postgres 18, server-dependent tests on Debian's 15, the SQL on 16
	@for program in debian-postgres 'debian-program chromium' 'debian-program pgbouncer'; do \
		.ci/$$program > /dev/null || [ $$? = 3 ] || exit; done
	$(BIN)/pytest -n 2 --pg 18
	$(BIN)/pytest -n 2 --pg 16 tests/sql
	@if bindir=$$(.ci/debian-postgres); then set -x; $(BIN)/pytest -n 2 --pg 15 -m "not long"; \
	elif [ $$? = 3 ]; then echo "Skipped: the suite on Postgres 15, which cannot be had here (see above)."; \
	else exit 1; fi

test-fast: .venv/developed  ## the inner loop: one server, under a minute
	@for program in debian-postgres 'debian-program chromium' 'debian-program pgbouncer'; do \
		.ci/$$program > /dev/null || [ $$? = 3 ] || exit; done
	$(BIN)/pytest -n 2 --pg 18 $(FAST)

lint: .venv/developed  ## check with ruff, mypy, squawk, sqlfluff and the language check; plpgsql_check is a test on 15
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/squawk $$(find sql docs/recipes -name "[0-9]*.sql" ! -name "*.revert.sql")
	$(BIN)/sqlfluff lint sql docs/recipes policies partitions etl
	$(BIN)/python -m tests.docs.language

bench: .venv/installed  ## every benchmark, quickly: whether it runs, not how fast it is
	$(BIN)/stanchion bench --seconds 1 --rounds 1 --rows 20000 --clients 2

catalog: .venv/developed  ## rewrite the files generated from the database, after a change of the SQL
	$(BIN)/python -m tests.regenerate

docs: .venv/developed  ## write docs/marts, the pictures in docs/img, and dbt's own site in build/docs/index.html
	$(BIN)/python -m tests.marts.guide

lock: .venv/developed  ## rewrite constraints.txt from the installed packages
	@{ sed -n '/^#/p' constraints.txt; $(BIN)/pip freeze --exclude-editable; } > constraints.new && mv constraints.new constraints.txt

clean:  ## remove the environment and what tools left
	rm -rf .venv build dist .mypy_cache .ruff_cache .hypothesis

.venv/installed: pyproject.toml constraints.txt
	@python3 -m venv .venv || { echo "python3 -m venv failed; on Debian: apt-get install python3-venv"; exit 1; }
	@echo "Installing; the first time takes half a minute."
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/developed: .venv/installed
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
