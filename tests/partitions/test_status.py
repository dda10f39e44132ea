"""stanchion partitions status draws a line for each table with a cell for each day, or prints JSON."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from stanchion.partitions.status import CELLS, draw, read_status
from tests.sessions import Db

from .conftest import TODAY, Run, as_owner, day, fill, make_readings, set_clock


@pytest.fixture
def scene(readings: Db) -> Db:
    """Make partitions in every state."""
    fill(readings, -9)
    readings.execute("select core.ensure_partitions('core.reading', %s, %s)", [day(1), day(2)])
    readings.execute(f"drop table parts.core__reading__{day(-3):%Y%m%d}")
    readings.execute(f"alter table core.reading detach partition parts.core__reading__{day(-9):%Y%m%d}")
    readings.execute(
        "create function core.guard_reading(p_day date) returns text language sql as "
        "$$ select 'a stream needs it' where p_day = '2026-03-02' $$"
    )
    readings.execute("update core.partition_set set guard = 'core.guard_reading'")
    as_owner(
        readings,
        """
        create table core.visit (visited_on date) partition by range (visited_on);
        insert into core.partition_set (relation, days_ahead, hold) values ('core.visit', 1, 'Case 4711');
        """,
    )
    readings.execute("select core.ensure_partitions('core.visit', %s, %s)", [day(-1), day(1)])
    readings.execute(f"analyze core.reading, parts.core__reading__{day(-9):%Y%m%d}")
    return readings


PICTURE = """\
                            ▼ today, 2026-03-10
core.reading       ~!××■■·■■■□□·
core.visit                 □□□

■ filled   □ empty   ! due, kept by a guard or a legal hold   × due: the next run drops it   ~ half detached   · missing
"""


def test_status_draws_every_state(scene: Db, run: Run) -> None:
    result = run("status")
    assert result.code == 0
    assert result.out.split("\n\ntable")[0] == PICTURE.rstrip("\n")
    table = [line.split() for line in result.out.split("\n\n")[2].splitlines()]
    assert table[1][0] == "core.reading"
    assert "3, from 2026-03-01" in result.out
    assert "core.visit" in result.out
    assert "on hold" in result.out
    assert f"alert  {day(-9)} of core.reading is detached but not dropped. Run: stanchion partitions run" in result.out


def test_drawing_has_colours_and_the_days_that_fit(scene: Db) -> None:
    status = read_status(scene)
    lines = draw(status, 40)
    colours = {text: colour for line in lines for text, colour in line if colour}
    assert colours == dict(CELLS.values())
    long_ago = status.sets[0].days[0].day
    scene.execute("select core.ensure_partitions('core.reading', %s, %s)", [day(-60), day(-40)])
    lines = draw(read_status(scene), 50)
    assert all(len("".join(text for text, _ in line)) <= 50 for line in lines[:3])
    assert "".join(text for text, _ in lines[1]).startswith("core.reading   +")
    assert long_ago == day(-9)


def test_json_contains_the_same_states(scene: Db, run: Run) -> None:
    status = json.loads(run("status", "--json").out)
    assert status["today"] == str(TODAY)
    reading, visit = status["sets"]
    assert "".join(CELLS[each["state"]][0] for each in reading["days"]) == "~!××■■·■■■□□·"
    assert reading["gaps"] == [str(day(-3)), str(day(3))]
    assert (reading["ahead"], reading["days_ahead"]) == (2, 3)
    assert [(each["day"], each["step"], each["reason"]) for each in reading["next"]] == [
        (str(day(-9)), "drop", None),
        (str(day(-8)), "keep", "a stream needs it"),
        (str(day(-7)), "expire", None),
        (str(day(-6)), "expire", None),
    ]
    assert (reading["rows"], reading["exact"]) == (9, False), "the detached row is not counted"
    assert [(each["rows"], each["exact"]) for each in reading["days"][:2]] == [(1, False), (1, True)]
    assert visit["hold"] == "Case 4711"
    assert len(status["alerts"]) >= 1


def test_missing_partitions_ahead_are_an_alert(scene: Db, stanchion: Any) -> None:
    assert "core.reading has no partition for 2026-03-13:" in stanchion("doctor").out
    a_day = "for values from ('2026-03-13') to ('2026-03-14')"
    as_owner(scene, f"create table core.any_name partition of core.reading {a_day}")
    assert "core.reading has no partition" not in stanchion("doctor").out


def test_partitions_that_are_never_expired_are_an_alert(readings: Db, run: Run, stanchion: Any) -> None:
    fill(readings, -5, 3)
    set_clock(readings, f"{day(5)} 12:00:00+00")
    assert (
        f"core.reading has partitions past their retention time, the oldest of {day(-5)}; the last run: never."
        in stanchion("doctor").out
    )
    run("run")
    assert "past their retention time" not in stanchion("doctor").out


def test_maintained_database_has_no_alert(db: Db, run: Run, stanchion: Any) -> None:
    assert run("run").code == 0
    assert "alert" not in run("status").out
    assert "partition" not in "".join(line for line in stanchion("doctor").out.splitlines() if line.startswith("alert"))


def filled_days(run: Run, *args: str, dsn: str | None = None) -> tuple[int, bool, list[tuple[int, bool]]]:
    """Return the rows of core.reading and of its filled days, and whether they were counted."""
    outcome = run("status", "--json", *args, **({"dsn": dsn} if dsn else {}))
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)["sets"][0]
    counted = [(each["rows"], each["exact"]) for each in found["days"] if each["state"] == "filled"]
    return found["rows"], found["exact"], counted


def secure(db: Db) -> None:
    as_owner(
        db,
        """
        alter table core.reading enable row level security, force row level security;
        create policy owner_for_tenant on core.reading for all to stanchion_owner
        using (tenant_id = core.current_tenant() or core.is_operator())
        with check (tenant_id = core.current_tenant() or core.is_operator());
        """,
    )


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "Pacific/Honolulu"])
@pytest.mark.parametrize("key", ["date", "timestamptz"])
def test_rows_are_counted_right_after_an_insert(
    key: str, zone: str, readings: Db, run: Run, make_login: Callable[..., str]
) -> None:
    """No ANALYZE has run. A DBA counts the rows of every tenant, in every time zone."""
    readings.execute("drop table core.reading; drop sequence core.reading_number; delete from core.partition_set")
    make_readings(readings, key)
    fill(readings, -1, rows=3)
    readings.execute(
        "insert into core.reading (tenant_id, taken_on) select gen_random_uuid(), %s from generate_series(1, 4)",
        [day(0)],
    )
    secure(readings)
    expected = (10, True, [(3, True), (7, True)])
    dba = f"{make_login('stanchion_dba')} options='-c timezone={zone}'"
    assert filled_days(run, dsn=dba) == expected
    assert filled_days(run) == expected


def test_rows_are_estimated_after_the_limit(readings: Db, run: Run) -> None:
    """The estimate comes from the counters of the server when no ANALYZE has run."""
    fill(readings, -1, rows=3)
    until = time.monotonic() + 60
    while readings.execute("select min(estimated_rows) from core.partition where is_filled").fetchone() != (3,):
        assert time.monotonic() < until, "the counters of the server do not contain the inserted rows"
        time.sleep(0.05)
    assert filled_days(run, "--count-within", "0") == (6, False, [(3, False), (3, False)])
    assert " ~6 " in run("status", "--count-within", "0").out
    readings.execute("analyze core.reading")
    readings.execute("select pg_stat_reset()")
    assert filled_days(run, "--count-within", "0") == (6, False, [(3, False), (3, False)])
    assert filled_days(run) == (6, True, [(3, True), (3, True)])


def test_a_count_ends_at_the_limit(readings: Db, run: Run, make_login: Callable[..., str]) -> None:
    """The policy needs a minute for each row of the latest day, which is counted first and uses up the time."""
    fill(readings, -1, rows=3)
    as_owner(
        readings,
        f"""
        alter table core.reading enable row level security, force row level security;
        create policy slow on core.reading for select to stanchion_owner
        using (case when taken_on = '{day(0)}' then pg_sleep(60) is not null else true end);
        """,
    )
    begins = readings.execute("select clock_timestamp()").fetchone()
    _, exact, counted = filled_days(run, "--count-within", "0.2", dsn=make_login("stanchion_dba"))
    assert not exact
    assert [each for _, each in counted] == [False, False]
    assert readings.execute("select clock_timestamp() - %s < interval '60 seconds'", begins).fetchone() == (True,)


def test_rows_of_a_default_partition_are_an_estimate(readings: Db, run: Run) -> None:
    as_owner(readings, "create table core.rest partition of core.reading default")
    readings.execute("insert into core.reading (taken_on) values ('2030-01-01')")
    found = json.loads(run("status", "--json").out)["sets"][0]
    assert not found["exact"]


def rows_visited(plan: dict[str, Any]) -> float:
    removed = sum(count for name, count in plan.items() if name.startswith("Rows Removed"))
    return plan["Actual Loops"] * (plan["Actual Rows"] + removed) + sum(map(rows_visited, plan.get("Plans", [])))


def test_status_costs_in_proportion_to_the_days(readings: Db, run: Run) -> None:
    readings.execute("update core.partition_set set days_kept = 400")
    pages, rows = [], []
    for days_made in (73, 365):
        readings.execute("select core.ensure_partitions('core.reading', %s, %s)", [day(1 - days_made), day(0)])
        readings.execute("select * from core.partition")  # fills the catalog caches of the session
        outcome = readings.execute("explain (analyze, buffers, format json) select * from core.partition").fetchone()
        assert outcome
        plan = outcome[0][0]["Plan"]
        pages.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
        rows.append(rows_visited(plan))
    assert pages[1] < 8 * pages[0], pages
    assert rows[1] < 8 * rows[0], rows
    assert run("status").out.count("■") == 0
