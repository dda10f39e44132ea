"""A deployed module can be reverted with the text kept at its deploy, after a confirmation, unless objects need it."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from stanchion.deploy import catalog

from .conftest import Checkout, Run, events, exists, ledger


@pytest.fixture
def gauges(checkout: Checkout, db: psycopg.Connection[Any]) -> Checkout:
    """Two tables, the second of which needs the first."""
    checkout.add("9001_gauge", "create table core.gauge (n integer primary key);", "drop table core.gauge;")
    needs = "create table core.reading (n integer references core.gauge (n));"
    checkout.add("9002_reading", needs, "drop table core.reading;")
    checkout.deploy(db)
    return checkout


def test_only_reverts_one_module(gauges: Checkout, run: Run, db: psycopg.Connection[Any]) -> None:
    done = run("revert", "--only", "core/9002_reading", "--yes")
    assert (done.code, done.out) == (0, "revert   core/9002_reading\n1 module reverted.\n")
    assert (exists(db, "core.gauge"), exists(db, "core.reading")) == (True, False)
    assert "core/9002_reading" not in ledger(db)
    assert events(db, "core/9002_reading") == ["deploy", "revert"]
    assert catalog.drift(db) == []


def test_what_something_needs_stays_and_a_sentence_names_it(
    gauges: Checkout, run: Run, db: psycopg.Connection[Any]
) -> None:
    done = run("revert", "--only", "core/9001_gauge", "--yes")
    assert done.code == 1
    assert done.err.splitlines()[-1] == (
        "Error: core/9001_gauge cannot be reverted while other objects need it: constraint reading_n_fkey "
        "on table core.reading depends on table core.gauge."
    )
    assert exists(db, "core.gauge")


@pytest.mark.parametrize("name", ["core/0001_ledger", "core/0002_roles", "core/0003_schemas", "core/0004_tenant"])
def test_what_everything_stands_on_is_not_taken_from_under_it(name: str, run: Run, db: psycopg.Connection[Any]) -> None:
    before = catalog.read_catalog(db), ledger(db)
    assert run("revert", "--only", name, "--yes").code == 1
    assert (catalog.read_catalog(db), ledger(db)) == before


@pytest.mark.slow
def test_to_reverts_everything_after_the_module(gauges: Checkout, run: Run, db: psycopg.Connection[Any]) -> None:
    done = run("revert", "--to", "core/9001_gauge", "--yes", "--json")
    taken = json.loads(done.out)["reverted"]
    assert taken[-1] == "core/9002_reading"
    assert list(ledger(db)) and max(row for row in ledger(db) if row.startswith("core/9")) == "core/9001_gauge"
    assert all(name.startswith("core/") and name[5].isdigit() for name in ledger(db))
    assert catalog.drift(db) == []


@pytest.mark.slow
@pytest.mark.long
def test_to_nothing_leaves_nothing(run: Run, db: psycopg.Connection[Any]) -> None:
    assert run("revert", "--to", "nothing", "--yes").code == 0
    assert not exists(db, "core.module_ledger")
    assert catalog.read_catalog(db).count("\n") <= 7, "roles at most, which other databases of the cluster use"
    done = run("deploy")
    assert done.code == 0, done.err


def test_without_yes_and_without_a_terminal_nothing_runs(
    gauges: Checkout, run: Run, db: psycopg.Connection[Any]
) -> None:
    done = run("revert", "--only", "core/9002_reading")
    assert done.code == 1
    assert done.err.splitlines()[-1] == (
        "Error: Revert 1 module and delete all data in it (core/9002_reading)? "
        "Standard input is not a terminal; add --yes to answer yes."
    )
    assert exists(db, "core.reading")


@pytest.mark.parametrize("args", [[], ["--to", "nothing", "--only", "core/0004_tenant"]])
def test_exactly_one_of_to_and_only_is_required(run: Run, args: list[str]) -> None:
    done = run("revert", *args, "--yes")
    assert done.code == 2
    assert "Expected either --to MODULE ('nothing' for every module) or --only MODULE." in done.err


def test_a_module_that_is_not_deployed_is_refused(run: Run) -> None:
    for option, name in (("--to", "core/9999_none"), ("--only", "core/9999_none"), ("--only", "nothing")):
        done = run("revert", option, name, "--yes")
        assert done.code == 1
        assert f"Error: {name} is not deployed; stanchion status lists the deployed modules." in done.err


def test_the_kept_revert_text_is_used_without_the_files(
    gauges: Checkout, run: Run, db: psycopg.Connection[Any]
) -> None:
    for file in (gauges.root / "sql/core/topic").glob("9002_*"):
        file.unlink()
    assert "gone" in run("status").out
    assert run("revert", "--only", "core/9002_reading", "--yes").code == 0
    assert not exists(db, "core.reading")
    assert run("deploy").code == 0


def test_a_revert_that_fails_leaves_everything(checkout: Checkout, run: Run, db: psycopg.Connection[Any]) -> None:
    checkout.add("9001_gauge", "create table core.gauge ();", "drop table core.gauge;\n\nselect 1 / 0;")
    checkout.deploy(db)
    done = run("revert", "--only", "core/9001_gauge", "--yes")
    assert done.err.splitlines()[-1] == "Error: core/9001_gauge (revert):3: division by zero"
    assert exists(db, "core.gauge")
    assert ledger(db)["core/9001_gauge"] == "deployed"


def test_drift_is_not_hidden_by_a_revert(gauges: Checkout, run: Run, db: psycopg.Connection[Any]) -> None:
    db.execute("alter table core.tenant disable row level security")
    refused = run("revert", "--only", "core/9002_reading", "--yes")
    assert refused.code == 1
    assert "changed: table core.tenant: row level security" in refused.err
    assert run("revert", "--only", "core/9002_reading", "--yes", "--accept-drift").code == 0


def test_a_concurrent_index_is_reverted_outside_transactions(
    checkout: Checkout, run: Run, db: psycopg.Connection[Any]
) -> None:
    checkout.add(
        "9001_index",
        "-- no-transaction\ncreate index concurrently tenant_by_name on core.tenant (name);",
        "-- no-transaction\ndrop index concurrently if exists core.tenant_by_name;",
    )
    checkout.deploy(db)
    assert run("revert", "--only", "core/9001_index", "--yes").code == 0
    assert not exists(db, "core.tenant_by_name")
    assert catalog.drift(db) == []
