"""status, new and catalog print their result as prose, or as JSON with nothing else beside it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stanchion.deploy import catalog

from .conftest import Checkout, Run, exists


def states(run: Run) -> dict[str, str]:
    return {line["module"]: line["state"] for line in json.loads(run("status", "--json").out)}


def test_status_prints_the_state_of_each_module(checkout: Checkout, run: Run, db: psycopg.Connection[Any]) -> None:
    checkout.add_table("edited", 9001)
    checkout.add_table("gone", 9002)
    checkout.add(
        "9003_half",
        "-- no-transaction\ncreate index concurrently half on core.nothing (n);",
        "-- no-transaction\ndrop index concurrently if exists core.half;",
    )
    assert run("deploy").code == 1
    checkout.write("sql/core/topic/9001_edited.sql", "select 2;")
    for file in (checkout.root / "sql/core/topic").glob("9002_*"):
        file.unlink()
    checkout.add_table("new", 9004)
    assert {name: state for name, state in states(run).items() if state != "deployed"} == {
        "core/9001_edited": "changed",
        "core/9002_gone": "gone",
        "core/9003_half": "half-way",
        "core/9004_new": "pending",
    }
    said = run("status")
    assert said.code == 0
    assert said.out.splitlines()[-1].endswith("deployed, 1 changed, 1 gone, 1 half-way, 1 pending")
    assert [line.split()[0] for line in said.out.splitlines()[1:-2]] == list(states(run))


def test_status_of_an_empty_database(run_on_empty: Run, checkout: Checkout) -> None:
    assert states(run_on_empty) == {module.name: "pending" for module in checkout.modules()}


def test_verify_and_catalog_before_a_deploy_name_the_remedy(run_on_empty: Run) -> None:
    for command in ("verify", "catalog"):
        done = run_on_empty(command)
        assert (done.code, done.out) == (1, "")
        assert "Stanchion is not deployed in this database; run: stanchion deploy" in done.err


def test_the_catalog_is_text_or_json_or_a_file(run: Run, db: psycopg.Connection[Any], checkout: Checkout) -> None:
    text = run("catalog").out
    assert text == catalog.read_catalog(db)
    lines = json.loads(run("catalog", "--json").out)
    assert lines["schema parts"] == "owner stanchion_owner"
    assert len(lines) == len(text.splitlines())
    out = checkout.root / "catalog.txt"
    assert run("catalog", "--out", str(out)).out == ""
    assert out.read_text() == text


def test_new_modules_are_found_deploy_and_go_again(checkout: Checkout, run: Run, db: psycopg.Connection[Any]) -> None:
    before = catalog.read_catalog(db)
    written = [
        path
        for name in (
            "core/topic/season",
            "core/topic/function/season",
            "core/topic/view/seasons",
            "policies/core.season",
        )
        for path in run("new", name).out.splitlines()
    ]
    assert len(written) == 4 and all(Path(path).resolve().is_relative_to(checkout.root) for path in written)
    assert run("deploy").code == 0
    assert exists(db, "core.season") and exists(db, "core.seasons")
    for name in ("policies/core.season", "core/view/seasons", "core/function/season"):
        assert run("revert", "--only", name, "--yes").code == 0
    (season,) = (module.name for module in checkout.modules() if re.fullmatch(r"core/\d+_season", module.name))
    assert run("revert", "--only", season, "--yes").code == 0
    assert catalog.read_catalog(db) == before


def test_a_new_module_has_the_next_number(checkout: Checkout, run_without_database: Run) -> None:
    checkout.add_table("gauge", 9001)
    assert json.loads(run_without_database("new", "core/topic/meter", "--json").out) == {
        "written": str(checkout.root / "sql/core/topic/9002_meter.sql")
    }


def test_a_new_partitioning_is_in_force(checkout: Checkout, run: Run, db: psycopg.Connection[Any]) -> None:
    checkout.add(
        "9001_reading",
        "create table core.reading (tenant_id uuid not null, day date not null) partition by range (day);",
        "drop table core.reading;",
    )
    assert run("new", "partitions/core.reading").code == 0
    done = run("deploy")
    assert done.code == 0, done.err
    made = db.execute("select count(*) from pg_inherits where inhparent = 'core.reading'::regclass").fetchone()
    assert made == (5,)
    assert run("revert", "--only", "partitions/core.reading", "--yes").code == 0


def test_new_never_writes_over_a_file(checkout: Checkout, run_without_database: Run) -> None:
    before = (checkout.root / "policies/core.tenant.sql").read_text()
    done = run_without_database("new", "policies/core.tenant")
    assert done.code == 1
    assert "policies/core.tenant.sql already exists; nothing was written." in done.err
    assert (checkout.root / "policies/core.tenant.sql").read_text() == before


@pytest.mark.parametrize(
    "name",
    [
        "season",
        "core/",
        "core/season",
        "core/topic/Season",
        "core/topic/end-season",
        "core/topic/1season",
        "cor/topic/season",
        "core/../season",
        "core/function/season",
        "core/topic/trigger/season",
        "policies/season",
        "policies/cor.season",
        "core/topic/" + "s" * 61,
    ],
)
def test_a_name_of_no_module_is_refused(checkout: Checkout, run_without_database: Run, name: str) -> None:
    before = sorted(checkout.root.rglob("*"))
    done = run_without_database("new", name)
    assert done.code == 1
    assert f"'{name}' names no module; write SCHEMA/TOPIC/NAME (a table)" in done.err
    assert sorted(checkout.root.rglob("*")) == before


def test_every_json_option_prints_only_json(run: Run, db: psycopg.Connection[Any]) -> None:
    for args in (
        ["status"],
        ["catalog"],
        ["verify"],
        ["deploy"],
        ["deploy", "--dry-run"],
        ["new", "core/topic/season"],
    ):
        json.loads(run(*args, "--json").out)
    json.loads(run("revert", "--to", "policies/core.tenant", "--yes", "--json").out)
