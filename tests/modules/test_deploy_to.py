"""deploy --to runs the modules up to one, and status, verify and later deploys continue from that state."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from .conftest import Checkout, Run, exists
from .test_commands import states

Db = psycopg.Connection[Any]


def test_new_modules_up_to_one_are_deployed(checkout: Checkout, run: Run, db: Db) -> None:
    for number, name in ((9001, "first"), (9002, "second"), (9003, "third")):
        checkout.add_table(name, number)
    tried = run("deploy", "--to", "core/9002_second", "--dry-run")
    assert tried.code == 0, tried.err
    assert [line.split()[1] for line in tried.out.splitlines()[:2]] == ["core/9001_first", "core/9002_second"]
    assert tried.out.endswith("nothing was changed.\nPending after core/9002_second: 1 module.\n")
    assert not exists(db, "core.first")
    facts = json.loads(run("deploy", "--to", "core/9002_second", "--json").out)
    assert ([step["module"] for step in facts["steps"]], facts["pending"]) == (
        ["core/9001_first", "core/9002_second"],
        1,
    )
    assert [exists(db, f"core.{name}") for name in ("first", "second", "third")] == [True, True, False]
    assert {name: state for name, state in states(run).items() if state != "deployed"} == {"core/9003_third": "pending"}
    assert run("verify").code == 0
    again = run("deploy", "--to", "core/9002_second")
    assert again.out.startswith("Up to date: every module up to core/9002_second is deployed.\n")
    rest = run("deploy")
    assert (rest.code, rest.out.split()[:2]) == (0, ["deploy", "core/9003_third"])
    assert run("revert", "--to", "core/9001_first", "--yes").code == 0
    assert [exists(db, f"core.{name}") for name in ("first", "second", "third")] == [True, False, False]


def test_a_changed_function_behind_the_module_is_not_applied(checkout: Checkout, run: Run, db: Db) -> None:
    file = next((checkout.root / "sql/core").rglob("utc_month.sql"))
    file.write_text(file.read_text() + "-- a comment\n")
    checkout.add_table()
    assert json.loads(run("deploy", "--to", "core/9001_gauge", "--json").out)["pending"] == 1
    assert states(run)["core/function/utc_month"] == "changed"


@pytest.mark.parametrize("place", [0, 1, 30, -2])
def test_an_empty_database_stops_at_any_module(run_on_empty: Run, empty_db: Db, checkout: Checkout, place: int) -> None:
    names = [module.name for module in checkout.modules()]
    name = names[place]
    done = run_on_empty("deploy", "--to", name)
    assert done.code == 0, done.err
    deployed = [each for each, state in states(run_on_empty).items() if state == "deployed"]
    assert deployed == names[: names.index(name) + 1]
    verified = run_on_empty("verify")
    assert (verified.code, verified.out) == (0, "The database equals the catalog of the last deploy.\n"), verified.err
    rest = run_on_empty("deploy")
    assert rest.code == 0, rest.err
    assert set(states(run_on_empty).values()) == {"deployed"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("core/0001_ledgr", "did you mean core/0001_ledger"),
        ("nothing", "stanchion status lists the modules."),
        ("", "The module '' does not exist"),
        ("core/0001_ledger; drop table x", "does not exist"),
    ],
)
def test_an_unknown_module_is_refused(run: Run, db: Db, name: str, words: str) -> None:
    refused = run("deploy", "--to", name)
    assert (refused.code, refused.out) == (1, "")
    assert words in refused.err
