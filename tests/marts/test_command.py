"""`stanchion build` prints each mart, locates failures, leaves failed marts unchanged and can be killed."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from stanchion.errors import StanchionError
from stanchion.marts import build
from stanchion.marts.run import _LOCK
from stanchion.paths import ROOT
from tests.conftest import PROGRAM, Outcome, run_stanchion
from tests.marts.platform import Platform
from tests.program import call_stanchion

MODELS = "dbt_project/models/marts/game"


def run(platform: Platform, *args: str) -> Outcome:
    return call_stanchion(*args, database_url=platform.server.dsn)


def as_login(platform: Platform, login: str) -> Platform:
    """Return the platform as this login of another database of the server reaches it."""
    given = conninfo_to_dict(login)
    dsn = make_conninfo(platform.server.dsn, user=given["user"], password=given["password"])
    return replace(platform, server=replace(platform.server, dsn=dsn))


def checkout(folder: Path) -> Path:
    """Copy the files that the wheel contains, so that the test can break them."""
    for name in ("sql", "policies", "partitions", "dbt_project"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.mark.slow
@pytest.mark.long
def test_a_build_of_a_builder_login_prints_each_mart_and_a_summary(built: Platform, make_login: Any) -> None:
    league = built.leagues["ours"]
    league.official[1001] = (8, 0)
    league.schedule(built.server, [league.games[0]])
    builder = as_login(built, make_login("stanchion_builder"))
    outcome = run(builder, "build")
    assert outcome.code == 0, outcome.err
    assert "built     marts.fact_team_game" in outcome.out
    assert " passed. " in outcome.out
    assert built.rows("select 1 from marts.fact_game_quality where official_home = 8 and game_key = '1001'")
    again = run(builder, "build", "--json")
    told = json.loads(again.out)
    assert (told["current"], told["failed"], told["tests"]) == (True, [], {})
    assert {node["outcome"] for node in told["nodes"]} == {"unchanged"}


def test_an_unknown_mart_or_tenant_is_an_error(built: Platform) -> None:
    unknown = run(built, "build", "no_such_mart")
    assert unknown.code == 1
    assert "'no_such_mart' selects neither a mart nor a test" in unknown.err
    assert "Tenant 'nowhere' does not exist" in run(built, "build", "--tenant", "nowhere").err


@pytest.mark.slow
@pytest.mark.long
def test_a_failed_mart_is_unchanged_and_located(built: Platform, tmp_path: Path) -> None:
    """One broken mart has an error at run time; the other has an error that the server locates in its text."""
    root = checkout(tmp_path / "checkout")
    for file, old, new in (
        ("dbt_project/macros/teams_of_game.sql", "own.shots_on_goal,", "own.shots_on_goal / 0 as shots_on_goal,"),
        (f"{MODELS}/fact_pair_game.sql", "lines.seconds,", "lines.no_such_column as seconds,"),
    ):
        model = root / file
        assert old in model.read_text()
        model.write_text(model.read_text().replace(old, new))
    before = built.digests()
    # a process of its own, because the place of the files is read when the program starts
    outcome = run_stanchion("build", "--full-refresh", database_url=built.server.dsn, STANCHION_ROOT=str(root))
    assert outcome.code == 1
    assert "failed    marts.fact_team_game" in outcome.out
    assert f"{MODELS}/fact_team_game.sql: division by zero" in outcome.out
    assert "skipped   marts.fact_goalie_game" in outcome.out
    assert "built     marts.fact_player_game" in outcome.out, "marts that do not depend on the failed one must be built"
    assert "Traceback" not in outcome.out + outcome.err
    assert "column lines.no_such_column does not exist" in outcome.out
    (place,) = re.findall(r"(\S+fact_pair_game\.sql:\d+)$", outcome.out, re.MULTILINE)
    path, _, number = place.rpartition(":")
    assert "lines.no_such_column" in Path(path).read_text().splitlines()[int(number) - 1]
    assert built.digests() == before
    assert run(built, "build").code == 0
    assert built.digests() == before


@pytest.mark.slow
@pytest.mark.long
def test_a_failing_test_fails_every_build_until_it_passes(built: Platform) -> None:
    built.conn.execute("update marts.fact_player_game set goals = goals + 1 where game_key = '1001'")
    built.conn.execute("delete from core.stat_refresh where model = 'staging.tested_loads'")
    outcome = run(built, "build")
    assert outcome.code == 1
    assert "equal_sum_fact_player_game" in outcome.out
    again = build(built.server)
    assert any("equal_sum_fact_player_game" in node.name for node in again.failed)
    for full_refresh in (True, False):
        assert build(built.server, full_refresh=full_refresh).failed == []


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(
    "mart",
    [
        "fact_player_game",  # some marts are written, and others are not
        pytest.param("fact_event", marks=pytest.mark.exhaustive),
        pytest.param("fact_pair_game", marks=pytest.mark.exhaustive),
    ],
)
def test_a_killed_build_leaves_complete_marts(built: Platform, mart: str) -> None:
    before = built.digests()
    with psycopg.connect(built.server.dsn) as blocker:
        blocker.execute(f"lock table marts.{mart} in share mode")  # the build waits where it writes this mart
        building = subprocess.Popen(
            [PROGRAM, "build", "--full-refresh"],
            env=os.environ | {"DATABASE_URL": built.server.dsn},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        waiting = "select 1 from pg_locks where not granted and relation = %s::regclass"
        while not built.rows(waiting, f"marts.{mart}"):
            assert building.poll() is None, "the build ended before it was killed"
            time.sleep(0.05)
        building.send_signal(signal.SIGKILL)
        building.wait()
        assert built.rows(f"select count(*) as n from marts.{mart}")[0]["n"] > 0
    built.conn.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'stanchion build'"
    )
    built.build()
    assert built.digests() == before


def test_a_second_build_waits_and_then_fails(built: Platform) -> None:
    with psycopg.connect(built.server.dsn, autocommit=True) as other:
        other.execute("select pg_advisory_lock(%s)", [_LOCK])
        with pytest.raises(StanchionError, match="Another build is still running after 0 s"):
            built.build(wait=0.3)


def test_a_login_without_rights_is_refused(built: Platform, make_login: Any) -> None:
    with pytest.raises(StanchionError, match="may not build marts"):
        as_login(built, make_login("stanchion_app")).build()


@pytest.mark.slow
@pytest.mark.long
def test_watch_with_build_updates_the_marts(built: Platform, tmp_path: Path) -> None:
    league = built.leagues["theirs"]
    goals = "select sum(goals) as goals from marts.fact_team_game where game_key = '1001' and tenant_id = %s"
    (tenant,) = built.conn.execute("select tenant_id from core.tenant where slug = 'theirs'").fetchone()
    before = built.rows(goals, tenant)[0]["goals"]
    tree = league.tree(league.games[0])
    goal = next(event for event in tree["events"] if event["type"] == "Goal")
    league.trees[1001] = tree | {"events": [event for event in tree["events"] if event is not goal]}
    folder = league.write(tmp_path, [league.games[0]])
    outcome = run(built, "watch", folder, "--tenant", "theirs", "--once", "--build")
    assert outcome.code == 0, outcome.err
    assert "The marts are built." in outcome.err
    assert built.rows(goals, tenant)[0]["goals"] == before - 1
