"""A module is deployed whole, with its ledger row and its catalog record, or not at all; errors name the line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from stanchion.deploy import catalog, modules
from stanchion.deploy.runner import deploy, plan_deploy
from stanchion.errors import StanchionError

from .conftest import Checkout, Run, events, exists, ledger


def test_a_failure_leaves_only_the_modules_before_it(checkout: Checkout, run: Run, db: psycopg.Connection[Any]) -> None:
    checkout.add_table("before", 9001)
    bad = checkout.add("9002_bad", "create table core.half (n integer);\n\nselect 1 / 0;\n", "drop table core.half;")
    checkout.add_table("behind", 9003)
    done = run("deploy")
    assert (done.code, done.err.splitlines()[-1]) == (1, f"Error: {bad}:3: division by zero")
    assert (exists(db, "core.before"), exists(db, "core.half"), exists(db, "core.behind")) == (True, False, False)
    assert "core/9001_before" in ledger(db)
    assert not {"core/9002_bad", "core/9003_behind"} & ledger(db).keys()
    assert catalog.drift(db) == []
    bad.write_text("create table core.half (n integer);")
    assert run("deploy").code == 0
    assert exists(db, "core.behind")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("-- größe → é\nselect 'é';\n\nselec 1;", 4, 'syntax error at or near "selec"'),
        ("select 1;\n\nselect\n  nothing;", 4, 'column "nothing" does not exist'),
        (
            "select 1;\n-- a comment; with\n/* both */\ncreate table core.tenant ();",
            4,
            'relation "tenant" already exists',
        ),
        ("select 1;;;\nselect ';';\ndo $$\nbegin\n  raise exception 'no; way';\nend $$;", 3, "no; way"),
        ("select 1;\nselect core.create_tenant('A B', 'x', 'league');", 2, "tenant_slug_shape"),
        (
            "select 1;\ncreate function core.f() returns int language plpgsql as $$\nbegin\n  retrn 1;\nend $$;",
            4,
            "syntax",
        ),
        ("select 1;\ndo $$\nbegin\n  commit;\nend $$;", 2, "invalid transaction termination"),
        ("select 1;\ndo $$ begin execute 'commit'; end $$;", 2, "EXECUTE of transaction commands is not implemented"),
        ("create table core.gauge (n integer);\ncopy core.gauge from stdin;", 2, "COPY from stdin failed"),
        ("select 1;\ncreate index concurrently on core.tenant (name);", 2, "cannot run inside a transaction block"),
        ("select 1;\nselect 'open;\n", 2, "unterminated quoted string"),
    ],
)
def test_the_message_names_file_and_line(
    checkout: Checkout, shared_db: psycopg.Connection[Any], text: str, line: int, says: str
) -> None:
    file = checkout.add("9001_bad", text, "select 1;")
    with pytest.raises(StanchionError) as failed:
        checkout.deploy(shared_db)
    first = str(failed.value).partition("\n")[0]
    assert first.startswith(f"{file}:{line}: ") and says in first
    assert "core/9001_bad" not in ledger(shared_db)


def test_errors_name_the_place_in_a_function_and_the_detail(
    checkout: Checkout, shared_db: psycopg.Connection[Any]
) -> None:
    checkout.add("9001_bad", "do $$\nbegin\n  raise 'no' using detail = 'why', hint = 'do this';\nend $$;", "select 1;")
    with pytest.raises(StanchionError) as failed:
        checkout.deploy(shared_db)
    assert str(failed.value).splitlines()[1:] == [
        "  why",
        "  do this",
        "  PL/pgSQL function inline_code_block line 3 at RAISE",
    ]


def test_errors_explain_the_directive_no_transaction(checkout: Checkout, shared_db: psycopg.Connection[Any]) -> None:
    checkout.add("9001_bad", "select 1;\ncreate index concurrently on core.tenant (name);", "select 1;")
    with pytest.raises(StanchionError, match="into a file of its own that begins with '-- no-transaction'"):
        checkout.deploy(shared_db)


def test_a_commit_that_gets_past_the_check_is_caught(
    checkout: Checkout, db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(modules.Statement, "controls_transaction", False)
    file = checkout.add("9001_bad", "create table core.half (n integer);\ncommit;\n", "drop table core.half;")
    with pytest.raises(StanchionError, match=f"{file} ended its transaction; its statements before that are committed"):
        checkout.deploy(db)
    assert "core/9001_bad" not in ledger(db)
    assert catalog.drift(db)[0].startswith("added: column core.half.n")


def test_everything_that_happened_is_in_the_event_log(
    checkout: Checkout, db: psycopg.Connection[Any], run: Run
) -> None:
    function = "create or replace function core.gauge() returns integer language sql return {};\n"
    path = "sql/core/topic/gauge.sql"
    for number in (1, 2):
        checkout.write(path, function.format(number) + "-- revert: drop function core.gauge();\n")
        assert run("deploy").code == 0
    assert run("revert", "--only", "core/function/gauge", "--yes").code == 0
    assert events(db, "core/function/gauge") == ["deploy", "reapply", "revert"]
    kept = db.execute("select happened_by, milliseconds >= 0, length(checksum) from core.module_event").fetchall()
    assert set(kept) == {("postgres", True, 64)}


def test_deploying_again_changes_nothing(run: Run, db: psycopg.Connection[Any]) -> None:
    before = db.execute("select name, deployed_at from core.module_ledger order by name").fetchall()
    done = run("deploy")
    assert (done.code, done.out) == (0, "Up to date: every module is deployed.\n")
    assert db.execute("select name, deployed_at from core.module_ledger order by name").fetchall() == before


def test_a_server_that_dies_in_the_middle_is_a_sentence(checkout: Checkout, run: Run) -> None:
    checkout.add("9001_bad", "-- as-deployer\nselect pg_terminate_backend(pg_backend_pid());", "select 1;")
    done = run("deploy")
    assert done.code == 1
    assert "terminating connection due to administrator command" in done.err


def test_the_encoding_of_the_terminal_does_not_mangle_a_file(
    checkout: Checkout, db: psycopg.Connection[Any], stanchion: Callable[..., Any]
) -> None:
    checkout.add("9001_gauge", "create table core.gauge (); comment on table core.gauge is 'größe →';", "select 1;")
    assert stanchion("deploy", STANCHION_ROOT=str(checkout.root), PGCLIENTENCODING="LATIN1").code == 0
    assert db.execute("select obj_description('core.gauge'::regclass)").fetchone() == ("größe →",)


# -- dry run --------------------------------------------------------------------------------


def test_a_dry_run_leaves_nothing(checkout: Checkout, run: Run, db: psycopg.Connection[Any]) -> None:
    checkout.add_table()
    checkout.add(
        "9002_index",
        "-- no-transaction\ncreate index concurrently gauge_reading on core.gauge (reading);",
        "-- no-transaction\ndrop index concurrently if exists core.gauge_reading;",
    )
    checkout.write("policies/core.tenant.sql", (checkout.root / "policies/core.tenant.sql").read_text() + "-- more\n")

    def everything() -> tuple[object, ...]:
        tables = ("core.module_ledger", "core.module_event", "core.catalog_record")
        return catalog.read_catalog(db), *(db.execute(f"select * from {table}").fetchall() for table in tables)

    before = everything()
    done = run("deploy", "--dry-run", "--json")
    assert json.loads(done.out) == {
        "dry_run": True,
        "steps": [
            {"action": "deploy", "module": "core/9001_gauge", "tried": True},
            {"action": "deploy", "module": "core/9002_index", "tried": False},
            {"action": "reapply", "module": "policies/core.tenant", "tried": True},
        ],
        "pending": 0,
    }
    assert everything() == before
    said = run("deploy", "--dry-run").out
    assert "core/9002_index  (not tried: it runs outside of a transaction)" in said
    assert said.endswith("3 modules would be deployed; nothing was changed.\n")


@pytest.mark.slow
@pytest.mark.parametrize("checkout", ["core", pytest.param("*", marks=pytest.mark.exhaustive)], indirect=True)
def test_a_dry_run_of_everything_leaves_an_empty_database(run_on_empty: Run, empty_db: psycopg.Connection[Any]) -> None:
    assert run_on_empty("deploy", "--dry-run").code == 0
    assert not exists(empty_db, "core.module_ledger")
    assert empty_db.execute("select count(*) from pg_namespace where nspname = 'core'").fetchone() == (0,)


def test_a_dry_run_finds_what_deploying_would(checkout: Checkout, run: Run) -> None:
    checkout.add_table()
    file = checkout.add("9002_bad", "alter table core.gauge add reading integer;", "select 1;")
    tried, done = run("deploy", "--dry-run"), run("deploy")
    said = f'Error: {file}:1: column "reading" of relation "gauge" already exists'
    assert (tried.code, tried.err.splitlines()[-1]) == (done.code, done.err.splitlines()[-1]) == (1, said)


# -- modules without a transaction ------------------------------------------------------------


def test_a_failed_unique_index_is_reverted_and_redeployed(
    checkout: Checkout, run: Run, db: psycopg.Connection[Any]
) -> None:
    checkout.add_table()
    checkout.deploy(db)
    db.execute("insert into core.gauge select gen_random_uuid(), 1 from generate_series(1, 2)")
    name, file = (
        "core/9002_once",
        checkout.add(
            "9002_once",
            "-- no-transaction\ncreate unique index concurrently once on core.gauge (reading);",
            "-- no-transaction\ndrop index concurrently if exists core.once;",
        ),
    )
    failed = run("deploy")
    assert failed.code == 1
    assert f'Error: {file}:2: could not create unique index "once"\n  Key (reading)=(1) is duplicated.' in failed.err
    assert f"correct the cause, run: stanchion revert --only {name}, and deploy again." in failed.err
    assert ledger(db)[name] == "running"
    assert "half-way" in run("status").out
    assert any("INVALID" in line for line in catalog.drift(db))
    refused = run("deploy")
    assert refused.code == 1
    assert f"{name} stopped half-way and ran without a transaction; run: stanchion revert --only {name}" in refused.err
    assert run("revert", "--only", name, "--yes").code == 0
    assert catalog.drift(db) == []
    db.execute("delete from core.gauge")
    assert run("deploy").code == 0
    assert catalog.drift(db) == []
    assert events(db, name) == ["revert", "deploy"]


def test_a_module_that_stopped_before_any_effect_reverts(
    checkout: Checkout, run: Run, db: psycopg.Connection[Any]
) -> None:
    checkout.add(
        "9001_named",
        "-- no-transaction\ncreate index concurrently named on core.nothing (name);",
        "-- no-transaction\ndrop index concurrently if exists core.named;",
    )
    assert run("deploy").code == 1
    assert run("revert", "--only", "core/9001_named", "--yes").code == 0
    assert "core/9001_named" not in ledger(db)


def test_limits_of_the_login_do_not_cancel_a_concurrent_index(
    checkout: Checkout, db: psycopg.Connection[Any], dsn: str
) -> None:
    limits = "current_setting('statement_timeout'), current_setting('lock_timeout')"
    no_limit = f"do $$ begin if ({limits}) <> ('0', '0') then raise 'a limit is set'; end if; end $$;"
    checkout.add("9001_slow", f"-- no-transaction\n{no_limit}", "select 1;")
    with psycopg.connect(dsn, autocommit=True, options="-c statement_timeout=60000 -c lock_timeout=60000") as conn:
        deploy(conn, plan_deploy(conn, checkout.modules()), lambda _: None)
        assert conn.execute("show statement_timeout").fetchone() == ("1min",)
        assert conn.execute("show lock_timeout").fetchone() == ("1min",)
        assert conn.execute("select current_user = session_user").fetchone() == (True,)
    assert ledger(db)["core/9001_slow"] == "deployed"
