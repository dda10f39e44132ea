"""Every reason that makes a deploy unsafe is refused before anything runs, all at once and with its remedy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg
import pytest

from stanchion.deploy.modules import Deployed, Module, Step, make_plan, module_states
from stanchion.errors import StanchionError

from .conftest import Checkout, Run, events, exists, ledger


def deployed(modules: list[Module]) -> dict[str, Deployed]:
    """The ledger after all of them were deployed."""
    return {m.name: Deployed(m.name, m.sort_key, m.checksum, m.revert_text, "deployed", None, "me") for m in modules}


def refusal(modules: list[Module], have: dict[str, Deployed]) -> str:
    with pytest.raises(StanchionError) as refused:
        make_plan(modules, have)
    return str(refused.value)


def test_nothing_to_do_is_an_empty_plan(checkout: Checkout) -> None:
    modules = checkout.modules()
    assert make_plan(modules, deployed(modules)) == []


def test_an_edited_versioned_file(checkout: Checkout) -> None:
    file = checkout.add_table()
    have = deployed(checkout.modules())
    file.write_text(file.read_text() + "-- more\n")
    said = f"{file} was edited after it was deployed; restore it and write a new module instead."
    assert refusal(checkout.modules(), have) == said


@pytest.mark.parametrize("name", ["core/9001_gauge", "core/function/member_role", "policies/core.tenant"])
def test_a_vanished_file(checkout: Checkout, name: str) -> None:
    checkout.add_table()
    modules = checkout.modules()
    rest = [module for module in modules if module.name != name]
    said = f"{name} is deployed but its file is missing; restore the file, or run: stanchion revert --only {name}"
    assert refusal(rest, deployed(modules)) == said


def test_a_number_below_one_that_is_deployed(checkout: Checkout) -> None:
    checkout.add_table("gauge", 9002)
    have = deployed(checkout.modules())
    late = checkout.add_table("meter", 9001)
    said = f"{late} would run after core/9002_gauge, which is already deployed; give it a higher number."
    assert refusal(checkout.modules(), have) == said


def test_a_module_that_died_half_way(checkout: Checkout) -> None:
    checkout.add_table()
    have = deployed(checkout.modules())
    have["core/9001_gauge"] = replace(have["core/9001_gauge"], state="running")
    said = (
        "core/9001_gauge stopped half-way and ran without a transaction; run: stanchion revert --only core/9001_gauge"
    )
    assert refusal(checkout.modules(), have) == said
    states = {line["module"]: line["state"] for line in module_states([], {})}
    assert states == {}


def test_all_reasons_at_once(checkout: Checkout) -> None:
    edited = checkout.add_table("edited", 9001)
    checkout.add_table("vanished", 9002)
    have = deployed(checkout.modules())
    for file in (checkout.root / "sql/core/topic").glob("9002_*"):
        file.unlink()
    edited.write_text("select 2;")
    assert len(refusal(checkout.modules(), have).splitlines()) == 2


def test_nothing_runs_when_one_reason_is_there(checkout: Checkout, run: Run, db: psycopg.Connection[Any]) -> None:
    edited = checkout.add_table("edited", 9001)
    assert run("deploy").code == 0
    edited.write_text("select 2;")
    checkout.add_table("fine", 9002)
    done = run("deploy")
    assert (done.code, done.out) == (1, "")
    assert f"Error: {edited} was edited after it was deployed" in done.err
    assert not exists(db, "core.fine")


def test_a_corrected_revert_file_is_kept_and_nothing_runs(
    checkout: Checkout, run: Run, db: psycopg.Connection[Any]
) -> None:
    checkout.add("9001_gauge", "create table core.gauge (n integer);", "drop table core.gage;")
    checkout.deploy(db)
    assert (
        '9001_gauge (revert):1: table "gage" does not exist' in run("revert", "--only", "core/9001_gauge", "--yes").err
    )
    checkout.write("sql/core/topic/9001_gauge.revert.sql", "drop table core.gauge;")
    assert "core/9001_gauge  " in run("status").out and "changed" in run("status").out
    done = run("deploy")
    assert "mend     core/9001_gauge  (only its revert or its place in the order changed)" in done.out, done.err
    assert run("revert", "--only", "core/9001_gauge", "--yes").code == 0
    assert not exists(db, "core.gauge")
    assert events(db, "core/9001_gauge") == ["deploy", "mend", "revert"]


def test_a_mended_revert_line_of_a_repeatable_does_not_run_the_broken_one(
    checkout: Checkout, db: psycopg.Connection[Any]
) -> None:
    path = "sql/core/topic/gauge.sql"
    text = (
        "create function core.gauge(n integer) returns integer language sql return n;\n-- revert: drop function {};\n"
    )
    checkout.write(path, text.format("core.gage(integer)"))
    checkout.deploy(db)
    checkout.write(path, text.format("core.gauge(integer)"))
    checkout.deploy(db)
    assert events(db, "core/function/gauge") == ["deploy", "mend"]


def test_a_new_module_is_a_deploy_step(checkout: Checkout) -> None:
    checkout.add_table()
    modules = checkout.modules()
    gauge = next(module for module in modules if module.name == "core/9001_gauge")
    assert make_plan(modules, deployed([m for m in modules if m is not gauge])) == [Step("deploy", gauge, None)]


def test_the_ledger_of_a_deployed_database_names_every_module(checkout: Checkout, db: psycopg.Connection[Any]) -> None:
    assert ledger(db) == {module.name: "deployed" for module in checkout.modules()}
