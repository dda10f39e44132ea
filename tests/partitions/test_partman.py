"""pg_partman makes the partitions of a table that it manages; Stanchion hides and expires them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stanchion.audit.rules import broken, rule_files
from stanchion.deploy.catalog import drift
from tests.sessions import Db

from .conftest import Run, day, days, fill, log, rows_of

AFTER = [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4]
MADE = (AFTER, AFTER[:-1])  # pg_partman rounds the time until its last day: from noon on it makes one more


@pytest.fixture
def partman(readings: Db) -> Db:
    """Let pg_partman manage core.reading, with its own retention and grants.

    Uses the extension where it is installed (Debian's version 4.7), or else a stand-in for version 5.
    """
    readings.execute(
        "create or replace function core.clock() returns timestamptz language sql return clock_timestamp()"
    )
    if readings.execute("select 1 from pg_available_extensions where name = 'pg_partman'").fetchone():
        readings.execute("create schema partman; create extension pg_partman schema partman")
    else:
        readings.execute((Path(__file__).parent / "partman5.sql").read_text())
    version = readings.execute("select extversion from pg_extension where extname = 'pg_partman'").fetchone()[0]  # type: ignore[index]
    readings.execute("grant select on core.reading to stanchion_app")
    kind = ", p_type := 'native'" if int(version.split(".")[0]) < 5 else ""
    readings.execute(
        "select partman.create_parent(p_parent_table := 'core.reading', p_control := 'taken_on', "
        f"p_interval := '1 day', p_premake := 2{kind}, "
        "p_start_partition := ((now() at time zone 'UTC')::date - 9)::text)"
    )
    readings.execute("drop table core.reading_default")
    readings.execute(
        "update partman.part_config set retention = '3 days', retention_keep_table = false, inherit_privileges = true"
    )
    readings.execute(
        "insert into core.reading (taken_on) select (now() at time zone 'UTC')::date - d from generate_series(0, 8) d"
    )
    return readings


def offsets(db: Db) -> list[int]:
    rows = db.execute(
        "select day - (now() at time zone 'UTC')::date from core.partition where relation = 'core.reading' order by day"
    )
    return [offset for (offset,) in rows]


def test_pg_partman_makes_and_stanchion_drops_partitions(partman: Db, run: Run) -> None:
    assert run("run").code == 0
    assert offsets(partman) in MADE
    found = partman.execute("select retention, infinite_time_partitions, premake from partman.part_config").fetchone()
    assert found == (None, True, 3)
    assert partman.execute("select made_by from core.partition_set").fetchone() == ("pg_partman",)
    assert partman.execute("select count(*) from core.reading").fetchone() == (6,)
    names = partman.execute("select child from core.partition").fetchall()
    assert all(name.startswith("core.reading_p") for (name,) in names), "the names must stay those of pg_partman"


def test_second_run_has_nothing_to_do(partman: Db, run: Run) -> None:
    run("run")
    assert run("run", "--json").days == []


def test_dry_run_prints_the_partitions_to_expire(partman: Db, run: Run) -> None:
    rehearsed = {each for each in run("run", "--dry-run", "--json").days if each[2] == "dropped"}
    assert {each for each in run("run", "--json").days if each[2] == "dropped"} == rehearsed
    assert len(rehearsed) in (3, 4)


def test_partitions_of_pg_partman_are_hidden(partman: Db, run: Run) -> None:
    partman.execute("alter table core.reading enable row level security, force row level security")
    before = [finding for finding in broken(partman, *rule_files()) if "reading_p" in finding.object]
    assert before
    run("run")
    after = [finding for finding in broken(partman, *rule_files()) if "reading_p" in finding.object]
    assert after == []
    assert [line for line in drift(partman) if "reading_p20" in line] == [], "partitions must not count as drift"


def test_rule_finds_a_partition_in_another_schema(readings: Db, run: Run) -> None:
    readings.execute("create table core.odd partition of core.reading for values from ('2026-01-01') to ('2026-01-02')")
    rule = next(path for path in rule_files() if path.stem == "partitions_are_hidden")
    assert "is a partition outside the schemas parts, expired_parts and mart_parts" in [
        finding.problem for finding in broken(readings, rule)
    ]


def test_dba_needs_privileges_on_pg_partman(partman: Db, run: Run, make_login: Callable[..., str]) -> None:
    dba = make_login("stanchion_dba")
    result = run("run", dsn=dba)
    assert result.code == 1
    assert "permission denied for schema partman" in result.err + result.out
    partman.execute(
        """
        grant usage on schema partman to stanchion_owner;
        grant all on all tables in schema partman to stanchion_owner;
        grant execute on all functions in schema partman to stanchion_owner;
        """
    )
    result = run("run", dsn=dba)
    assert result.code == 1
    assert "must be owner of table reading_p" in result.out, "partitions made by a superuser belong to the superuser"
    assert run("run").code == 0
    for _ in range(2):
        assert run("run", dsn=dba).code == 0
    assert offsets(partman) in MADE


def test_pg_partman_makes_the_same_days_in_another_time_zone(partman: Db, dsn: str, run: Run) -> None:
    assert run("run", dsn=f"{dsn} options='-c timezone=America/New_York'").code == 0
    assert offsets(partman) in MADE


def test_partition_that_pg_partman_did_not_make_is_a_failure(partman: Db, run: Run) -> None:
    partman.execute("create table core.rest partition of core.reading default")
    partman.execute("insert into core.reading (taken_on) select (now() at time zone 'UTC')::date + 3")
    result = run("run")
    assert result.code == 1
    assert "pg_partman" in result.out


def test_table_removed_from_pg_partman_returns_to_stanchion(partman: Db, run: Run) -> None:
    run("run")
    partman.execute("delete from partman.part_config")
    partman.execute("update core.partition_set set days_ahead = 5")
    assert run("run").code == 0
    assert partman.execute("select made_by from core.partition_set").fetchone() == ("stanchion",)
    assert offsets(partman) == [*AFTER, 5]


def test_run_works_without_the_extension(readings: Db, run: Run) -> None:
    readings.execute("update core.partition_set set made_by = 'pg_partman'")
    fill(readings, -6)
    assert run("run").code == 0
    assert list(days(readings)) == [-5, -4, -3, -2, -1, 0, 1, 2, 3]
    assert readings.execute("select made_by from core.partition_set").fetchone() == ("stanchion",)
    assert rows_of(readings) == dict.fromkeys(range(-5, 1), 1)
    assert ("core.reading", str(day(3)), "made") in log(readings)
