"""stanchion partitions status draws a line for each table with a cell for each day, or prints JSON."""

import json
from typing import Any

import pytest

from stanchion.partitions.status import CELLS, draw, read_status
from tests.sessions import Db

from .conftest import TODAY, Run, as_owner, day, fill, set_clock


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
    readings.execute("analyze core.reading")
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
    assert reading["estimated_rows"] == 8
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
