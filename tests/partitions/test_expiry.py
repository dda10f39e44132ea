"""What is past its time goes, and nothing else: unless a guard or a hold says why not, and then that is said."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from stanchion.partitions import run as partitions
from stanchion.partitions.run import Patience

from .conftest import TODAY, Db, Run, as_owner, day, days, fill, forget_log, log, rows_of, set_clock

AFTER = [-5, -4, -3, -2, -1, 0, 1, 2, 3]  # five days are kept after their own, three are made ahead


def state_of(db: Db, offset: int, state: str) -> None:
    """Leave a day as a run does that was stopped half-way."""
    child = f"parts.core__reading__{day(offset):%Y%m%d}"
    if state == "detached":
        db.execute(f"alter table core.reading detach partition {child} concurrently")
    else:
        leave_half_detached(db, child)


def leave_half_detached(db: Db, child: str) -> None:
    with psycopg.connect(db.info.dsn, password=db.info.password) as reader:
        reader.execute("select from core.reading")
        db.execute("set statement_timeout = '200ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            db.execute(f"alter table core.reading detach partition {child} concurrently")
        db.execute("reset statement_timeout")


def test_days_past_their_time_go_and_no_other(readings: Db, run: Run) -> None:
    fill(readings, -8)
    said = run("run", "--json")
    assert said.code == 0
    assert list(days(readings)) == AFTER
    assert rows_of(readings) == dict.fromkeys(range(-5, 1), 1)
    dropped = [each for _, each, outcome in log(readings) if outcome == "dropped"]
    assert dropped == [str(day(-8)), str(day(-7)), str(day(-6))]


def test_a_day_goes_at_midnight_utc_and_not_before(readings: Db, run: Run) -> None:
    fill(readings, -5)
    set_clock(readings, f"{TODAY} 23:59:59.999+00")
    run("expire")
    assert -5 in days(readings)
    set_clock(readings, f"{day(1)} 00:00:00+00")
    run("expire")
    assert -5 not in days(readings)


def test_a_table_without_an_end_keeps_everything(readings: Db, run: Run) -> None:
    fill(readings, -400, -398)
    readings.execute("update core.partition_set set days_kept = null")
    assert run("expire", "--json").days == []


def test_a_partition_of_several_days_goes_with_the_last_of_them(readings: Db, run: Run) -> None:
    week = "for values from ('2026-02-27') to ('2026-03-06')"
    as_owner(readings, f"create table core.week partition of core.reading {week}")
    run("expire")
    assert readings.execute("select to_regclass('core.week')").fetchone() == ("core.week",)
    set_clock(readings, f"{day(1)} 12:00:00+00")
    assert run("expire", "--json").days == [("core.reading", "2026-02-27", "dropped")]
    assert readings.execute("select to_regclass('core.week')").fetchone() == (None,)


def situations(db: Db) -> None:
    """A day of each kind at once."""
    fill(db, -12)
    state_of(db, -11, "detached")
    days_of = "for values from ('2026-02-25') to ('2026-02-26')"
    as_owner(db, f"create table core.elsewhere partition of core.reading {days_of}")
    state_of(db, -3, "detached")
    state_of(db, -10, "detaching")
    guard(db, "case when p_day = '2026-03-02' then 'somebody reads it' end")
    forget_log(db)


def guard(db: Db, expression: str) -> None:
    db.execute(
        "create or replace function core.guard_reading(p_day date) returns text language plpgsql as "
        f"$$ begin return {expression}; end $$"
    )
    db.execute("update core.partition_set set guard = 'core.guard_reading' where relation = 'core.reading'")


def test_a_dry_run_says_what_the_next_run_does(readings: Db, run: Run) -> None:
    situations(readings)
    before = days(readings)
    rehearsed = run("run", "--dry-run", "--json")
    assert days(readings) == before
    assert log(readings) == []
    said = run("run", "--json")
    assert said.code == 0
    assert sorted(rehearsed.days) == sorted(said.days) == sorted(log(readings))
    assert {outcome for _, _, outcome in said.days} == {"made", "dropped", "kept", "reattached"}
    assert list(days(readings)) == [-8, *AFTER]
    assert rows_of(readings) == {-8: 1} | dict.fromkeys(range(-5, 1), 1)


def test_a_dry_run_in_words(readings: Db, run: Run) -> None:
    fill(readings, -6, 3)
    assert run("run", "--dry-run").out.splitlines() == [
        "dropped    core.reading 2026-03-04",
        "1 day: 1 dropped. Nothing was done: this is what a run would do now.",
    ]


def test_a_guard_keeps_a_day_and_that_is_no_failure(readings: Db, run: Run) -> None:
    fill(readings, -7, 3)
    guard(readings, "case when p_day = '2026-03-03' then 'three streams have no snapshot' end")
    said = run("run")
    assert said.code == 0
    assert "kept       core.reading 2026-03-03: three streams have no snapshot" in said.out
    assert list(days(readings)) == [-7, *AFTER]


def test_why_a_day_is_kept_is_written_down_once(readings: Db, run: Run) -> None:
    fill(readings, -6, 3)
    guard(readings, "'not yet'")
    forget_log(readings)
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
        ("drop table core.reading", None, "cannot be asked"),
    ],
)
def test_a_guard_that_cannot_be_asked_has_not_agreed(
    name: str, body: str | None, words: str, readings: Db, run: Run
) -> None:
    fill(readings, -6)
    if body:
        guard(readings, body)
    readings.execute("update core.partition_set set guard = %s", [name])
    said = run("run")
    assert said.code == 1
    assert words in said.out
    assert -6 in days(readings)
    assert 3 in days(readings), "the days ahead were made all the same"


def test_a_row_for_a_table_that_is_not_there_stops_no_other(readings: Db, run: Run, stanchion: Any) -> None:
    fill(readings, -6)
    readings.execute("insert into core.partition_set (relation, days_ahead, days_kept) values ('core.aaa', 1, 1)")
    said = run("run")
    assert said.code == 1
    assert "failed     core.aaa: the table does not exist" in said.out
    assert list(days(readings)) == AFTER
    assert "core.aaa, which does not exist" in stanchion("doctor").out
    with pytest.raises(psycopg.errors.UndefinedTable, match=r"core\.partition_set has a row for core\.aaa"):
        readings.execute("select core.ensure_due_partitions()")


def test_a_hold_keeps_everything_until_it_is_lifted(readings: Db, run: Run) -> None:
    fill(readings, -8, 3)
    state_of(readings, -8, "detaching")
    said = run("hold", "core.reading", "--reason", "Case 4711")
    assert (said.code, said.out) == (0, "core.reading keeps all its days: Case 4711\n")
    said = run("run")
    assert said.code == 0
    assert "reattached core.reading 2026-03-02: held: Case 4711" in said.out
    assert "kept       core.reading 2026-03-03: held: Case 4711" in said.out
    assert rows_of(readings) == dict.fromkeys(range(-8, 4), 1)
    run("hold", "core.reading", "--lift")
    assert run("run").code == 0
    assert list(days(readings)) == AFTER
    found = readings.execute("select outcome, reason, happened_by from core.partition_log where day is null").fetchall()
    assert found == [("held", "Case 4711", "postgres"), ("lifted", None, "postgres")]


def test_deploying_does_not_lift_a_hold(db: Db, run: Run, stanchion: Any) -> None:
    run("hold", "core.audit_log", "--reason", "Case 4711")
    db.execute("update core.module_ledger set checksum = 'other' where name = 'partitions/core.audit_log'")
    assert stanchion("deploy").code == 0
    found = db.execute("select hold from core.partition_set where relation = 'core.audit_log'").fetchone()
    assert found == ("Case 4711",)


def test_a_hold_that_comes_after_the_detach_still_counts(
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
def test_a_day_that_may_stay_longer_meanwhile_comes_back_with_its_rows(state: str, readings: Db, run: Run) -> None:
    fill(readings, -6, 3)
    state_of(readings, -6, state)
    assert -6 not in rows_of(readings)
    readings.execute("update core.partition_set set days_kept = 30")
    assert run("run", "--json").days == [("core.reading", str(day(-6)), "reattached")]
    assert rows_of(readings)[-6] == 1


@pytest.mark.parametrize("state", ["detaching", "detached"])
def test_what_a_run_left_half_way_is_named_and_finished(state: str, readings: Db, run: Run, stanchion: Any) -> None:
    fill(readings, -7, 3)
    state_of(readings, -6, state)
    assert f"{day(-6)} of core.reading is " in stanchion("doctor").out
    assert "~" in run("status").out
    assert run("run").code == 0
    assert list(days(readings)) == AFTER
    assert "of core.reading" not in stanchion("doctor").out


def test_a_loader_is_told_when_its_day_is_half_detached(readings: Db) -> None:
    fill(readings, -6)
    state_of(readings, -6, "detaching")
    with pytest.raises(psycopg.errors.ObjectInUse, match="is being detached") as raised:
        readings.execute("select core.ensure_partitions('core.reading', %s, %s)", [day(-6), day(-6)])
    assert raised.value.diag.message_hint == "Run: stanchion partitions run"


def test_a_second_run_says_that_there_is_one_and_leaves_it_to_it(readings: Db, dsn: str, run: Run) -> None:
    fill(readings, -6)
    with psycopg.connect(dsn, autocommit=True) as other, partitions.only_run(other) as alone:
        assert alone
        said = run("run")
        assert (said.code, said.out) == (0, "Another run is at work; nothing was done.\n")
        assert json.loads(run("run", "--json").out)["ran"] is False
    assert -6 in days(readings)
    assert run("run").code == 0
    assert -6 not in days(readings)


def test_a_default_partition_is_an_alert_with_its_remedy(readings: Db, run: Run, stanchion: Any) -> None:
    fill(readings, -6)
    as_owner(readings, "create table core.rest partition of core.reading default")
    readings.execute("insert into core.reading (taken_on) values ('2026-03-12'), ('2026-01-01')")
    said = run("run")
    assert said.code == 1
    assert "core.rest, which is no day" in said.out
    assert "docs/operations/partitions.md" in run("status").out
    assert "core.rest, which is no day" in stanchion("doctor").out
    assert -6 in days(readings)
    readings.execute(  # as the documentation says
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


def test_without_detach_concurrently_a_short_lock_does(readings: Db, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "_detaches_concurrently", lambda conn: False)  # as with the extension citus
    fill(readings, -7, 3)
    assert run("run").code == 0
    assert list(days(readings)) == AFTER


def test_a_dba_who_is_no_superuser_does_all_of_it(readings: Db, run: Run, make_login: Callable[..., str]) -> None:
    situations(readings)
    dba = make_login("stanchion_dba")
    assert run("status", dsn=dba).code == 0
    assert run("hold", "core.reading", "--reason", "why", dsn=dba).code == 0
    assert run("hold", "core.reading", "--lift", dsn=dba).code == 0
    assert run("run", "--dry-run", dsn=dba).code == 0
    assert run("run", dsn=dba).code == 0
    assert list(days(readings)) == [-8, *AFTER]


def test_an_application_may_do_none_of_it(readings: Db, run: Run, make_login: Callable[..., str]) -> None:
    app = make_login("stanchion_app")
    for command in (["status"], ["run"], ["ensure"], ["expire"], ["hold", "core.reading", "--lift"]):
        said = run(*command, dsn=app)
        assert said.code == 1
        assert "permission denied" in said.err


def test_the_audit_is_kept_for_400_days(db: Db, run: Run, tenants: dict[str, str]) -> None:
    set_clock(db, "2027-06-01 12:00:00+00")
    db.execute("update core.partition_set set hold = 'not now' where relation <> 'core.audit_log'")
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


def test_a_key_that_is_leased_keeps_its_day(db: Db, run: Run, tenants: dict[str, str]) -> None:
    only(db, "core.idempotency_key")
    for offset in (-4, -3):
        set_clock(db, f"{day(offset)} 12:00:00+00")
        db.execute("select core.ensure_due_partitions()")
        call(db, tenants["ours"], f"select core.claim_key('key {offset}', 'x')")
    leased = f"{TODAY} 06:00:00+00"
    db.execute("update core.idempotency_key set lease_until = %s where claimed_on = %s", [leased, day(-3)])
    set_clock(db, f"{TODAY} 00:00:10+00")
    said = run("run")
    assert said.code == 0
    assert f"kept       core.idempotency_key {day(-3)}: keys that are still leased: 1" in said.out
    assert f"dropped    core.idempotency_key {day(-4)}" in said.out
    set_clock(db, f"{TODAY} 13:00:00+00")
    assert f"dropped    core.idempotency_key {day(-3)}" in run("run").out


def test_events_without_a_snapshot_and_consumers_behind_keep_their_day(
    db: Db, run: Run, tenants: dict[str, str]
) -> None:
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
        ("streams without a saved state after it: 1, such as order 7", "select core.save_stream_state('order', '7', 2, '{}')"),
        ("consumers that have not read it: 1, such as mailer", "select core.poll_events('mailer')"),
    ):
        said = run("run")
        assert said.code == 0
        assert kept + reason in said.out
        call(db, ours, statement)
    assert f"dropped    core.event {old}" in run("run").out


def call(db: Db, tenant: str, statement: str) -> None:
    """In a transaction that acts for a tenant."""
    with db.transaction():
        db.execute("select set_config('app.tenant_id', %s, true)", [tenant])
        db.execute(statement)


def only(db: Db, relation: str) -> None:
    db.execute("update core.partition_set set hold = 'not now' where relation <> %s", [relation])


def test_the_log_forgets_what_nobody_asks_any_more(readings: Db, run: Run) -> None:
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


def test_patience_is_short_by_nature() -> None:
    assert Patience().lock <= 1, "others queue behind a lock that is waited for"
