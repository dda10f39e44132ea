"""A table with keep_detached keeps its expired partitions, readable for DBAs only, until they are dropped."""

from __future__ import annotations

import json
from collections.abc import Callable

import psycopg
import pytest

from stanchion.audit.rules import broken, rule_files
from stanchion.deploy.catalog import drift
from stanchion.partitions import run as partitions
from tests.sessions import Db, at_once

from .conftest import Run, as_owner, day, days, fill, leave_half_detached, log, rows_of, set_clock
from .test_killed import AFTER, die, kill_at_text, run_until_killed, wait_for_its_server_process

EXPIRED = f"expired_parts.core__reading__{day(-6):%Y%m%d}"
ROLES = ["stanchion_app", "stanchion_analyst", "stanchion_builder", "stanchion_loader", "stanchion_worker"]


@pytest.fixture
def kept(readings: Db) -> Db:
    """Let core.reading keep its expired partitions. Two of its partitions are due."""
    readings.execute("update core.partition_set set keep_detached = true")
    fill(readings, -7, 3)
    return readings


def expired(db: Db) -> list[tuple[int, str]]:
    """Return the days of the kept partitions, counted from today, with their names."""
    rows = db.execute(
        "select day, child from core.expired_partition where relation = 'core.reading' order by day, child"
    )
    return [((each - day(0)).days, child) for each, child in rows.fetchall()]


def test_expired_partition_is_kept_with_its_rows(kept: Db, run: Run) -> None:
    expected = [("core.reading", str(day(-7)), "detached"), ("core.reading", str(day(-6)), "detached")]
    assert run("run", "--dry-run", "--json").days == expected
    outcome = run("run")
    assert outcome.code == 0
    assert f"detached   core.reading {day(-6)}: kept as {EXPIRED}" in outcome.out
    assert log(kept)[-2:] == expected
    assert list(days(kept)) == AFTER
    assert expired(kept) == [(-7, f"expired_parts.core__reading__{day(-7):%Y%m%d}"), (-6, EXPIRED)]
    assert kept.execute(f"select taken_on from {EXPIRED}").fetchall() == [(day(-6),)]
    assert run("run", "--json").days == [], "the next run has nothing to do"


def test_status_shows_the_kept_partitions(kept: Db, run: Run) -> None:
    run("run")
    (found,) = json.loads(run("status", "--json").out)["sets"]
    assert (found["detached"]["partitions"], found["detached"]["oldest"], found["rows"]) == (2, str(day(-7)), 9)
    assert " 2, " in run("status").out.split("\n\n")[2]
    assert "alert" not in run("status").out


@pytest.mark.parametrize("role", ROLES)
def test_no_role_but_a_dba_reads_a_kept_partition(
    role: str, kept: Db, run: Run, make_login: Callable[..., str]
) -> None:
    run("run")
    with psycopg.connect(make_login("stanchion_dba"), autocommit=True) as conn:
        conn.execute("set role stanchion_owner")
        assert conn.execute(f"select count(*) from {EXPIRED}").fetchone() == (1,)
    with psycopg.connect(make_login(role), autocommit=True) as conn:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for schema expired_parts"):
            conn.execute(f"select count(*) from {EXPIRED}")
        kept.execute(f"grant usage on schema expired_parts to {role}; grant select on {EXPIRED} to {role}")
        assert conn.execute(f"select count(*) from {EXPIRED}").fetchone() == (0,), "row-level security is forced"


def test_audit_and_verify_find_nothing(kept: Db, run: Run) -> None:
    as_owner(kept, "alter table core.reading enable row level security, force row level security")
    before, changed = broken(kept, *rule_files()), drift(kept)
    run("run")
    assert broken(kept, *rule_files()) == before
    assert drift(kept) == changed
    kept.execute(f"grant select on {EXPIRED} to stanchion_app")
    found = [each for each in broken(kept, *rule_files()) if each.object == EXPIRED]
    assert [each.problem for each in found] == ["stanchion_app was granted select"]


def test_day_that_is_requested_again_expires_beside_the_kept_one(kept: Db, run: Run) -> None:
    run("run")
    fill(kept, -6, -6, rows=2)
    assert rows_of(kept)[-6] == 2, "the kept rows are not visible in the table"
    run("run")
    first, second = [child for each, child in expired(kept) if each == -6]
    assert (first, second.startswith(f"{EXPIRED}_")) == (EXPIRED, True)
    assert kept.execute(f"select count(*) from {second}").fetchone() == (2,)


@pytest.mark.parametrize("words", [" detach partition ", "core.drop_detached"])
@pytest.mark.parametrize("during", [False, True])
def test_killed_run_keeps_the_rows(words: str, during: bool, kept: Db, dsn: str, run: Run) -> None:
    run_until_killed(dsn, kill_at_text(words, during))
    wait_for_its_server_process(kept)
    assert run("run").code == 0
    assert list(days(kept)) == AFTER
    assert [each for each, _ in expired(kept)] == [-7, -6]
    for _, child in expired(kept):
        assert kept.execute(f"select count(*) from {child}").fetchone() == (1,)


def test_half_detached_partition_is_kept(kept: Db, run: Run) -> None:
    leave_half_detached(kept, -6)
    assert run("run").code == 0
    assert kept.execute(f"select taken_on from {EXPIRED}").fetchall() == [(day(-6),)]


def test_partition_with_a_foreign_name_is_kept(kept: Db, dsn: str, run: Run) -> None:
    a_month = "for values from ('2026-01-01') to ('2026-02-01')"
    as_owner(kept, f'create table core."Old; drop" partition of core.reading {a_month}')
    run_until_killed(dsn, lambda: setattr(partitions, "_drop", lambda *_: die()))
    wait_for_its_server_process(kept)
    assert run("run").code == 0
    row = kept.execute("select child, day::text, until::text from core.expired_partition order by day").fetchone()
    assert row == ('expired_parts."Old; drop"', "2026-01-01", "2026-02-01")


def test_drop_detached_drops_only_the_older_ones(kept: Db, run: Run) -> None:
    kept.execute("update core.partition_set set days_kept = 6")
    run("run")
    set_clock(kept, f"{day(30)} 12:00:00+00")
    kept.execute("update core.partition_set set days_kept = 35")
    run("run")
    assert [each for each, _ in expired(kept)] == [-7, -6]
    rehearsed = run("drop-detached", "--older-than", "30", "--dry-run", "--json").days
    assert rehearsed == [("core.reading", str(day(-7)), "dropped")]
    assert len(expired(kept)) == 2
    refused = run("drop-detached", "--older-than", "30")
    assert (refused.code, len(expired(kept))) == (1, 2)
    assert "add --yes" in refused.err
    assert run("drop-detached", "core.reading", "--older-than", "30", "--yes", "--json").days == rehearsed
    assert [each for each, _ in expired(kept)] == [-6]
    assert log(kept)[-1] == ("core.reading", str(day(-7)), "dropped")
    assert run("drop-detached", "--yes").code == 0
    assert expired(kept) == []
    assert "Nothing to do" in run("drop-detached").out


def test_legal_hold_keeps_what_is_detached(kept: Db, run: Run) -> None:
    run("run")
    run("hold", "core.reading", "--reason", "Case 4711")
    outcome = run("drop-detached", "--yes")
    assert outcome.code == 0
    assert f"kept       core.reading {day(-6)}: held: Case 4711" in outcome.out
    assert kept.execute("select outcome from core.drop_expired(%s)", [EXPIRED]).fetchone() == ("kept",)
    assert len(expired(kept)) == 2
    run("hold", "core.reading", "--lift")
    assert run("drop-detached", "--yes").code == 0
    assert expired(kept) == []


def test_two_sessions_drop_a_kept_partition_once(kept: Db, run: Run, dsn: str) -> None:
    run("run")

    def drop(conn: Db) -> str:
        try:
            (outcome,) = conn.execute("select outcome from core.drop_expired(%s)", [EXPIRED]).fetchone() or ("",)
        except (psycopg.errors.UndefinedObject, psycopg.errors.UndefinedTable):
            return "refused"
        return str(outcome)

    assert sorted(at_once(dsn, [drop, drop])) == ["dropped", "refused"]


def test_unknown_table_is_refused_with_the_known_ones(kept: Db, run: Run) -> None:
    outcome = run("drop-detached", "core.nothing; drop table core.reading")
    assert outcome.code == 1
    assert "is not a partitioned table; choose one of core.reading." in outcome.err
