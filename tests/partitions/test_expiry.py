"""Only partitions past their retention time are dropped, unless a guard or a legal hold keeps them with a reason."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from stanchion.partitions import run as partitions
from stanchion.server.locks import RetryPolicy
from tests.sessions import Db

from .conftest import TODAY, Run, as_owner, clear_log, day, days, fill, leave_half_detached, log, rows_of, set_clock

AFTER = [-5, -4, -3, -2, -1, 0, 1, 2, 3]  # 5 days are kept, 3 are made ahead


def state_of(db: Db, offset: int, state: str) -> None:
    """Put a partition into the state that a run leaves when it is stopped in the middle."""
    if state == "detached":
        child = f"parts.core__reading__{day(offset):%Y%m%d}"
        db.execute(f"alter table core.reading detach partition {child} concurrently")
    else:
        leave_half_detached(db, offset)


def test_only_partitions_past_their_retention_are_dropped(readings: Db, run: Run) -> None:
    fill(readings, -8)
    result = run("run", "--json")
    assert result.code == 0
    assert list(days(readings)) == AFTER
    assert rows_of(readings) == dict.fromkeys(range(-5, 1), 1)
    dropped = [each for _, each, outcome in log(readings) if outcome == "dropped"]
    assert dropped == [str(day(-8)), str(day(-7)), str(day(-6))]


def test_partition_is_dropped_from_midnight_utc_on(readings: Db, run: Run) -> None:
    fill(readings, -5)
    set_clock(readings, f"{TODAY} 23:59:59.999+00")
    run("expire")
    assert -5 in days(readings)
    set_clock(readings, f"{day(1)} 00:00:00+00")
    run("expire")
    assert -5 not in days(readings)


def test_table_without_retention_time_keeps_everything(readings: Db, run: Run) -> None:
    fill(readings, -400, -398)
    readings.execute("update core.partition_set set days_kept = null")
    assert run("expire", "--json").days == []


def test_partition_of_several_days_expires_with_its_last_day(readings: Db, run: Run) -> None:
    week = "for values from ('2026-02-27') to ('2026-03-06')"
    as_owner(readings, f"create table core.week partition of core.reading {week}")
    run("expire")
    assert readings.execute("select to_regclass('core.week')").fetchone() == ("core.week",)
    set_clock(readings, f"{day(1)} 12:00:00+00")
    assert run("expire", "--json").days == [("core.reading", "2026-02-27", "dropped")]
    assert readings.execute("select to_regclass('core.week')").fetchone() == (None,)


def situations(db: Db) -> None:
    """Make partitions in every state."""
    fill(db, -12)
    state_of(db, -11, "detached")
    days_of = "for values from ('2026-02-25') to ('2026-02-26')"
    as_owner(db, f"create table core.elsewhere partition of core.reading {days_of}")
    state_of(db, -3, "detached")
    state_of(db, -10, "detaching")
    guard(db, "case when p_day = '2026-03-02' then 'a consumer needs it' end")
    clear_log(db)


def guard(db: Db, expression: str) -> None:
    db.execute(
        "create or replace function core.guard_reading(p_day date) returns text language plpgsql as "
        f"$$ begin return {expression}; end $$"
    )
    db.execute("update core.partition_set set guard = 'core.guard_reading' where relation = 'core.reading'")


def test_dry_run_prints_the_results_of_the_next_run(readings: Db, run: Run) -> None:
    situations(readings)
    before = days(readings)
    rehearsed = run("run", "--dry-run", "--json")
    assert days(readings) == before
    assert log(readings) == []
    result = run("run", "--json")
    assert result.code == 0
    assert sorted(rehearsed.days) == sorted(result.days) == sorted(log(readings))
    assert {outcome for _, _, outcome in result.days} == {"made", "dropped", "kept", "reattached"}
    assert list(days(readings)) == [-8, *AFTER]
    assert rows_of(readings) == {-8: 1} | dict.fromkeys(range(-5, 1), 1)


def test_dry_run_without_json(readings: Db, run: Run) -> None:
    fill(readings, -6, 3)
    assert run("run", "--dry-run").out.splitlines() == [
        "dropped    core.reading 2026-03-04",
        "1 partition: 1 dropped. Dry run: nothing was changed.",
    ]


def test_guard_keeps_a_partition_with_exit_code_0(readings: Db, run: Run) -> None:
    fill(readings, -7, 3)
    guard(readings, "case when p_day = '2026-03-03' then 'three streams have no saved state' end")
    result = run("run")
    assert result.code == 0
    assert "kept       core.reading 2026-03-03: three streams have no saved state" in result.out
    assert list(days(readings)) == [-7, *AFTER]


def test_reason_for_keeping_is_logged_once(readings: Db, run: Run) -> None:
    fill(readings, -6, 3)
    guard(readings, "'not yet'")
    clear_log(readings)
    for _ in range(3):
        run("run")
    guard(readings, "'still not'")
    run("run")
    assert [outcome for _, _, outcome in log(readings)] == ["kept", "kept"]


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("core.nowhere", None, "does not exist"),
        ("core.guard_reading", "(select 1 / 0)::text", "division by zero"),
        ("drop table core.reading", None, "failed:"),
    ],
)
def test_failing_guard_keeps_the_partition(name: str, body: str | None, words: str, readings: Db, run: Run) -> None:
    fill(readings, -6)
    if body:
        guard(readings, body)
    readings.execute("update core.partition_set set guard = %s", [name])
    result = run("run")
    assert result.code == 1
    assert words in result.out
    assert -6 in days(readings)
    assert 3 in days(readings), "the partitions ahead must be made"


def test_missing_table_does_not_stop_the_other_tables(readings: Db, run: Run, stanchion: Any) -> None:
    fill(readings, -6)
    readings.execute("insert into core.partition_set (relation, days_ahead, days_kept) values ('core.aaa', 1, 1)")
    result = run("run")
    assert result.code == 1
    assert "failed     core.aaa: the table does not exist" in result.out
    assert list(days(readings)) == AFTER
    assert "core.aaa, which does not exist" in stanchion("doctor").out
    with pytest.raises(psycopg.errors.UndefinedTable, match=r"core\.partition_set has a row for core\.aaa"):
        readings.execute("select core.ensure_due_partitions()")


def test_hold_keeps_all_partitions_until_lifted(readings: Db, run: Run) -> None:
    fill(readings, -8, 3)
    state_of(readings, -8, "detaching")
    result = run("hold", "core.reading", "--reason", "Case 4711")
    assert (result.code, result.out) == (0, "core.reading keeps all its partitions: Case 4711\n")
    result = run("run")
    assert result.code == 0
    assert "reattached core.reading 2026-03-02: held: Case 4711" in result.out
    assert "kept       core.reading 2026-03-03: held: Case 4711" in result.out
    assert rows_of(readings) == dict.fromkeys(range(-8, 4), 1)
    run("hold", "core.reading", "--lift")
    assert run("run").code == 0
    assert list(days(readings)) == AFTER
    found = readings.execute("select outcome, reason, happened_by from core.partition_log where day is null").fetchall()
    assert found == [("held", "Case 4711", "postgres"), ("lifted", None, "postgres")]


def test_deploy_does_not_lift_a_hold(db: Db, run: Run, stanchion: Any) -> None:
    run("hold", "core.audit_log", "--reason", "Case 4711")
    db.execute("update core.module_ledger set checksum = 'other' where name = 'partitions/core.audit_log'")
    assert stanchion("deploy").code == 0
    found = db.execute("select hold from core.partition_set where relation = 'core.audit_log'").fetchone()
    assert found == ("Case 4711",)


def test_hold_after_the_detach_keeps_the_partition(
    readings: Db, dsn: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(readings, -6, 3)
    drop = partitions._drop

    def late(*args: Any) -> Any:
        readings.execute("select core.hold_partitions('core.reading', 'at the last moment')")
        return drop(*args)

    monkeypatch.setattr(partitions, "_drop", late)
    assert run("run", "--json").days == [("core.reading", str(day(-6)), "kept")]
    monkeypatch.setattr(partitions, "_drop", drop)
    assert run("run", "--json").days == [("core.reading", str(day(-6)), "reattached")]
    assert -6 in rows_of(readings)


@pytest.mark.parametrize("state", ["detaching", "detached"])
def test_longer_retention_reattaches_the_partition(state: str, readings: Db, run: Run) -> None:
    fill(readings, -6, 3)
    state_of(readings, -6, state)
    assert -6 not in rows_of(readings)
    readings.execute("update core.partition_set set days_kept = 30")
    assert run("run", "--json").days == [("core.reading", str(day(-6)), "reattached")]
    assert rows_of(readings)[-6] == 1


@pytest.mark.parametrize("state", ["detaching", "detached"])
def test_half_finished_expiry_is_an_alert_until_the_next_run(
    state: str, readings: Db, run: Run, stanchion: Any
) -> None:
    fill(readings, -7, 3)
    state_of(readings, -6, state)
    assert f"{day(-6)} of core.reading is " in stanchion("doctor").out
    assert "~" in run("status").out
    assert run("run").code == 0
    assert list(days(readings)) == AFTER
    assert "of core.reading" not in stanchion("doctor").out


def test_ensure_partitions_refuses_a_half_detached_day(readings: Db) -> None:
    fill(readings, -6)
    state_of(readings, -6, "detaching")
    with pytest.raises(psycopg.errors.ObjectInUse, match="is being detached") as raised:
        readings.execute("select core.ensure_partitions('core.reading', %s, %s)", [day(-6), day(-6)])
    assert raised.value.diag.message_hint == "Run: stanchion partitions run"


def test_second_concurrent_run_names_the_first_and_drops_nothing(readings: Db, dsn: str, run: Run) -> None:
    fill(readings, -6, 3)
    with psycopg.connect(dsn, autocommit=True) as other, partitions.only_run(other) as alone:
        assert alone is None
        result = run("run")
        session = f"session {other.info.backend_pid} of {other.info.user}, connected since 20"
        assert result.code == 0, result.err
        assert result.out.startswith(f"Another run is in progress: {session}")
        assert json.loads(run("run", "--json").out)["other_run"]["pid"] == other.info.backend_pid
    assert -6 in days(readings)
    assert run("run").code == 0
    assert -6 not in days(readings)


def test_second_concurrent_run_makes_the_next_days_and_fails(readings: Db, dsn: str, run: Run) -> None:
    fill(readings, -6, 1)
    with psycopg.connect(dsn, autocommit=True) as other, partitions.only_run(other):
        result = run("run")
        assert result.code == 1
        assert "Partitions were missing within the next 2 days: core.reading." in result.out
        assert f"select pg_terminate_backend({other.info.backend_pid});" in result.out
        assert max(days(readings)) == 3
        assert run("run").code == 0
    assert -6 in days(readings)


def test_default_partition_is_an_alert_with_its_remedy(readings: Db, run: Run, stanchion: Any) -> None:
    fill(readings, -6)
    as_owner(readings, "create table core.rest partition of core.reading default")
    readings.execute("insert into core.reading (taken_on) values ('2026-03-12'), ('2026-01-01')")
    result = run("run")
    assert result.code == 1
    assert "its partition core.rest does not cover a range of days" in result.out
    assert "docs/operations/partitions.md" in run("status").out
    assert "core.rest, which does not cover a range of days" in stanchion("doctor").out
    assert -6 in days(readings)
    readings.execute(  # the remedy in docs/operations/partitions.md
        """
        begin;
        alter table core.reading detach partition core.rest;
        select core.ensure_partitions('core.reading', d, d) from (select distinct taken_on as d from core.rest) as days;
        insert into core.reading select * from core.rest;
        drop table core.rest;
        commit;
        """
    )
    assert rows_of(readings)[2] == 1
    assert run("run").code == 0
    assert list(days(readings)) == AFTER


def test_expiry_works_without_detach_concurrently(readings: Db, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "_detaches_concurrently", lambda conn: False)  # as with the extension Citus
    fill(readings, -7, 3)
    assert run("run").code == 0
    assert list(days(readings)) == AFTER


def test_dba_without_superuser_can_run_every_command(readings: Db, run: Run, make_login: Callable[..., str]) -> None:
    situations(readings)
    dba = make_login("stanchion_dba")
    assert run("status", dsn=dba).code == 0
    assert run("hold", "core.reading", "--reason", "Case 4711", dsn=dba).code == 0
    assert run("hold", "core.reading", "--lift", dsn=dba).code == 0
    assert run("run", "--dry-run", dsn=dba).code == 0
    assert run("run", dsn=dba).code == 0
    assert list(days(readings)) == [-8, *AFTER]


def test_application_can_run_no_command(readings: Db, run: Run, make_login: Callable[..., str]) -> None:
    app = make_login("stanchion_app")
    for command in (["status"], ["run"], ["ensure"], ["expire"], ["hold", "core.reading", "--lift"]):
        result = run(*command, dsn=app)
        assert result.code == 1
        assert "permission denied" in result.err


def test_audit_log_is_kept_for_400_days(db: Db, run: Run, tenants: dict[str, str]) -> None:
    set_clock(db, "2027-06-01 12:00:00+00")
    only(db, "core.audit_log")
    days_of_audit = ["2026-04-25", "2026-04-26", "2026-04-27"]
    for each in days_of_audit:
        db.execute("select core.ensure_partitions('core.audit_log', %s, %s)", [each, each])
        db.execute(
            "insert into core.audit_log (tenant_id, recorded_on, recorded_at, actor, action, subject) "
            "values (%s, %s, %s, 'a', 'b', 'c')",
            [tenants["ours"], each, f"{each} 12:00:00+00"],
        )
    assert run("run").code == 0
    left = db.execute("select recorded_on::text from core.audit_log where recorded_on < '2026-05-01'").fetchall()
    assert left == [("2026-04-27",)]


def test_leased_idempotency_key_keeps_its_partition(db: Db, run: Run, tenants: dict[str, str]) -> None:
    only(db, "core.idempotency_key")
    for offset in (-4, -3):
        set_clock(db, f"{day(offset)} 12:00:00+00")
        db.execute("select core.ensure_due_partitions()")
        call(db, tenants["ours"], f"select core.claim_key('key {offset}', 'x')")
    leased = f"{TODAY} 06:00:00+00"
    db.execute("update core.idempotency_key set lease_until = %s where claimed_on = %s", [leased, day(-3)])
    set_clock(db, f"{TODAY} 00:00:10+00")
    result = run("run")
    assert result.code == 0
    assert f"kept       core.idempotency_key {day(-3)}: keys that are still leased: 1" in result.out
    assert f"dropped    core.idempotency_key {day(-4)}" in result.out
    set_clock(db, f"{TODAY} 13:00:00+00")
    assert f"dropped    core.idempotency_key {day(-3)}" in run("run").out


def test_unsaved_streams_and_slow_consumers_keep_events(db: Db, run: Run, tenants: dict[str, str]) -> None:
    only(db, "core.event")
    ours, old = tenants["ours"], day(-91)
    set_clock(db, f"{old} 12:00:00+00")
    db.execute("select core.ensure_due_partitions()")
    call(db, ours, """select core.append_events('order', '7', 0, '[{"type": "placed", "payload": {}}]')""")
    call(db, ours, "select core.poll_events('mailer', 0 + 1)")
    call(db, ours, """select core.append_events('order', '7', 1, '[{"type": "paid", "payload": {}}]')""")
    set_clock(db, f"{TODAY} 12:00:00+00")
    kept = f"kept       core.event {old}: "
    for reason, statement in (
        (
            "streams without a saved state after it: 1, such as order 7",
            "select core.save_stream_state('order', '7', 2, '{}')",
        ),
        ("consumers that have not read it: 1, such as mailer", "select core.poll_events('mailer')"),
    ):
        result = run("run")
        assert result.code == 0
        assert kept + reason in result.out
        call(db, ours, statement)
    assert f"dropped    core.event {old}" in run("run").out


def call(db: Db, tenant: str, statement: str) -> None:
    """Run a statement in a transaction that acts for a tenant."""
    with db.transaction():
        db.execute("select set_config('app.tenant_id', %s, true)", [tenant])
        db.execute(statement)


def only(db: Db, relation: str) -> None:
    """Leave one partitioned table."""
    db.execute("delete from core.partition_set where relation <> %s", [relation])


def test_old_log_entries_are_deleted(readings: Db, run: Run) -> None:
    fill(readings, -6, 3)
    readings.execute("delete from core.partition_log")
    readings.execute(
        """
        insert into core.partition_log (happened_at, relation, day, outcome, reason)
        select core.clock() - age * interval '1 day', 'core.reading', day, outcome, outcome
        from (values
            (401, date '2025-01-01', 'dropped'), (399, '2025-01-02', 'dropped'),
            (500, null, 'held'), (500, null, 'failed'),
            (401, '2026-03-10', 'contended'), (402, '2026-03-10', 'made')
        ) as l (age, day, outcome)
        order by age desc
        """
    )
    assert run("run").code == 0
    left = readings.execute("select day::text, outcome from core.partition_log where reason = outcome order by log_id")
    assert left.fetchall() == [(None, "held"), ("2026-03-10", "contended"), ("2025-01-02", "dropped")]


def test_default_lock_timeout_is_at_most_a_second() -> None:
    """Other sessions queue behind a lock request that waits."""
    assert RetryPolicy().lock_timeout <= 1
