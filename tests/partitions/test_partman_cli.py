"""pg-partman-cli has the commands of `stanchion partitions`, and lists and maintains the tables of pg_partman."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable

import psycopg
import pytest
from click.testing import CliRunner

from stanchion.cli.partitions import partitions
from stanchion.cli.partman import main
from stanchion.paths import ROOT
from tests.conftest import Outcome
from tests.sessions import Db

from .test_partman import partman  # noqa: F401 - a fixture

Program = Callable[..., Outcome]
COUNT = "select count(*) from pg_inherits where inhparent = 'public.metric'::regclass"


@pytest.fixture
def program(dsn: str) -> Program:
    """Return a function that runs pg-partman-cli in this process."""

    def run(*args: str) -> Outcome:
        done = CliRunner(env={"DATABASE_URL": dsn}, catch_exceptions=False).invoke(main, args)
        return Outcome(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture
def metric(partman: Db) -> Db:  # noqa: F811 - a fixture
    """Let pg_partman manage public.metric, a table that Stanchion does not know, with two days ahead."""
    version = partman.execute("select extversion from pg_extension where extname = 'pg_partman'").fetchone()[0]  # type: ignore[index]
    kind = ", p_type := 'native'" if int(version.split(".")[0]) < 5 else ""
    partman.execute("create table public.metric (measured_on date not null) partition by range (measured_on)")
    partman.execute(
        "select partman.create_parent(p_parent_table := 'public.metric', p_control := 'measured_on', "
        f"p_interval := '1 day', p_premake := 2{kind}, "
        "p_start_partition := ((now() at time zone 'UTC')::date - 1)::text)"
    )
    partman.execute(
        "update partman.part_config set infinite_time_partitions = true where parent_table = 'public.metric'"
    )
    return partman


def test_commands_are_those_of_the_group(program: Program) -> None:
    for name, command in partitions.commands.items():
        assert main.get_command(None, name) is command  # type: ignore[arg-type]
    listed = program("--help").out
    assert all(f"  {name} " in listed for name in [*partitions.commands, "tables", "maintain"])
    assert "Example:" in program("maintain", "--help").out


def test_program_is_a_console_script(dsn: str) -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts["pg-partman-cli"] == "stanchion.cli.partman:main"
    env = os.environ | {"DATABASE_URL": dsn}
    arguments = [sys.executable, "-m", "stanchion.cli.partman", "status", "--json"]
    found = subprocess.run(arguments, env=env, capture_output=True, text=True, check=True)
    assert "core.audit_log" in [each["relation"] for each in json.loads(found.stdout)["sets"]]


def test_tables_lists_both_kinds(metric: Db, program: Program) -> None:
    rows = json.loads(program("tables", "--json").out)
    assert [(each["table"], each["control"], each["premake"], each["expired_by"]) for each in rows] == [
        ("core.reading", "taken_on", 2, "stanchion"),
        ("public.metric", "measured_on", 2, "pg_partman"),
    ]
    assert rows[1]["partitions"] == metric.execute(COUNT).fetchone()[0]  # type: ignore[index]
    assert "public.metric" in program("tables").out


def test_maintain_makes_what_is_missing(metric: Db, program: Program) -> None:
    metric.execute("update partman.part_config set premake = 4 where parent_table = 'public.metric'")
    before = metric.execute(COUNT).fetchone()
    results = {each["table"]: each for each in json.loads(program("maintain", "--json").out)}
    assert len(results["public.metric"]["made"]) >= 2
    assert results["core.reading"]["left_to"] == "stanchion"
    assert metric.execute(COUNT).fetchone() > before  # type: ignore[operator]
    again = program("maintain", "public.metric")
    assert (again.code, again.out) == (0, "maintained  public.metric: 0 made, 0 dropped\n")


def test_locked_table_fails_in_a_sentence_and_the_others_go_on(
    metric: Db, dsn: str, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session has locked the table that the maintenance reads."""
    monkeypatch.setattr("stanchion.server.locks.time.sleep", lambda _: None)
    metric.execute("update partman.part_config set premake = 4 where parent_table = 'public.metric'")
    with psycopg.connect(dsn) as other:
        other.execute("lock table public.metric in access exclusive mode")
        outcome = program("maintain")
    assert outcome.code == 1
    assert "failed      public.metric: " in outcome.out
    assert "skipped     core.reading" in outcome.out
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("name", ["public.nothing", "public.metric; drop table public.metric", ""])
def test_unknown_table_is_refused(name: str, metric: Db, program: Program) -> None:
    outcome = program("maintain", name)
    assert outcome.code == 1
    assert (
        f"pg_partman does not manage {name}; the tables in its part_config: core.reading, public.metric." in outcome.err
    )


def test_without_the_extension_the_remedy_is_printed(db: Db, program: Program) -> None:
    for command in ("tables", "maintain"):
        outcome = program(command)
        assert outcome.code == 1
        assert "create extension pg_partman" in outcome.err
    assert program("status").code == 0
