"""Incremental builds give the same marts as a full refresh. Without changes, no mart is touched."""

import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stanchion.dev.sample.files import export
from stanchion.dev.sample.games import Game
from stanchion.ingest.loading.publish import accept, publish, withdraw
from stanchion.ingest.loading.session import open_session
from stanchion.marts import BuildResult
from tests.marts.league import League, play
from tests.marts.platform import Maker, Platform

OURS = "select set_config('app.tenant_id', tenant_id::text, true) from core.tenant where slug = 'ours'"


class Season:
    """A league whose games are added, replaced, shrunk, rescheduled, withdrawn and published again at random."""

    def __init__(self, platform: Platform, league: League, folder: Path) -> None:
        self.platform, self.league, self.folder = platform, league, folder
        self.rng = random.Random(20)
        self.loaded: list[Game] = []
        self.gone: list[Game] = []
        self.taken: set[Step] = set()

    def load(self, games: list[Game], **options: Any) -> None:
        self.league.load(self.platform.server, self.folder, games, **options)

    def new(self) -> None:
        waiting = [game for game in self.league.games if game not in self.loaded + self.gone]
        if waiting:
            self.loaded.append(self.rng.choice(waiting))  # in any order, including past days
            self.load(self.loaded[-1:])

    def replaced(self) -> None:
        game = self.rng.choice(self.loaded)
        tree = export(game)
        for event in self.rng.sample(tree["events"], 20):
            event["success"] = not event["success"]
        goal = next(event for event in tree["events"] if event["type"] == "Goal")
        goal["detail1"] = "Goal_Waved"
        self.league.trees[game.game_id] = tree
        self.load([game])

    def shrunk(self) -> None:
        game = self.rng.choice(self.loaded)
        tree = export(game)
        self.league.trees[game.game_id] = tree | {"events": tree["events"][:700], "shifts": tree["shifts"][:60]}
        self.load([game], accept_shrink=True)

    def withdrawn(self) -> None:
        if len(self.loaded) > 2:
            game = self.loaded.pop(self.rng.randrange(len(self.loaded)))
            self.gone.append(game)
            with open_session(self.platform.server, self.league.slug) as session:
                withdraw(session, str(game.game_id), "It was not of this league.")

    def back(self) -> None:
        if self.gone:
            game = self.gone.pop()
            self.loaded.append(game)
            (row,) = self.platform.rows(
                "select encode(content_hash, 'hex') as hash from landing.revision join core.tenant using (tenant_id) "
                "where slug = %s and game_key = %s and state <> 'empty' order by exported_at desc limit 1",
                self.league.slug,
                str(game.game_id),
            )
            with open_session(self.platform.server, self.league.slug) as session:
                publish(session, str(game.game_id), row["hash"], quarantined=True, reason=None)

    def moved(self) -> None:
        game = self.rng.choice(self.league.games)
        self.league.days[game.game_id] = date(2026, 1, 1) + timedelta(days=self.rng.randrange(120))
        self.league.schedule(self.platform.server, [game])

    def corrected(self) -> None:
        game = self.rng.choice(self.loaded)
        self.league.official[game.game_id] = (self.rng.randrange(9), self.rng.randrange(9))
        self.league.schedule(self.platform.server, [game])

    def accepted(self) -> None:
        game = self.rng.choice(self.loaded)
        with open_session(self.platform.server, self.league.slug) as session:
            accept(session, str(game.game_id), "So it was.")

    def advance(self) -> None:
        """Make a random change that is possible now, of a kind that has not occurred yet when there is one."""
        impossible = {
            Season.new: len(self.loaded + self.gone) == len(self.league.games),
            Season.withdrawn: len(self.loaded) <= 2,
            Season.back: not self.gone,
        }
        possible = [step for step in STEPS if not impossible.get(step)]
        step = self.rng.choice([step for step in possible if step not in self.taken] or possible)
        self.taken.add(step)
        step(self)


Step = Callable[[Season], None]
STEPS: list[Step] = [Season.new, Season.new, Season.new, Season.replaced, Season.shrunk, Season.withdrawn]
STEPS += [Season.back, Season.moved, Season.corrected, Season.accepted]


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("rounds", [6, pytest.param(40, marks=pytest.mark.exhaustive)])
def test_random_increments_equal_one_full_refresh(unloaded_platform: Maker, tmp_path: Path, rounds: int) -> None:
    """Each kind of change occurs. Every fourth build contains two changes."""
    league = play("random", 8, 7001, seed=21)
    with unloaded_platform(tmp_path, league) as platform:
        league.schedule(platform.server)
        season = Season(platform, league, tmp_path)
        for _ in range(3):
            season.new()
        for number in range(rounds):
            season.advance()
            if number % 4 == 0:
                season.advance()
            platform.build(test=False)
        incremental = platform.digests()
        assert season.taken == set(STEPS)
        assert len(season.loaded) > 2
        assert platform.rows("select count(*) as n from marts.fact_event")[0]["n"] > 2000
        assert platform.build().failed == []
        assert platform.digests() == incremental
        platform.build(full_refresh=True, test=False)  # the same rows, which have passed the tests
        assert platform.digests() == incremental


TOUCHED = """
    select s.schemaname || '.' || s.relname as relation, s.seq_scan, s.idx_scan, s.n_tup_ins, s.n_tup_upd, s.n_tup_del
    from pg_stat_user_tables as s
    where s.schemaname in ('marts', 'mart_parts', 'staging')
        -- read at every build, because rules, usage and competitions change without a load
        and s.relname !~ '^(dim_league_rules|fact_usage_day|tenant_stats_mart|.*competition_.*|leaderboard_history)$'
        or s.relname ~ '^(play_|stint|contest__)'
    order by 1
"""


def test_with_nothing_new_no_mart_is_read_or_written(built: Platform) -> None:
    built.build()
    built.settle()
    before = built.rows(TOUCHED)
    report = built.build()
    built.settle()
    assert report.is_current
    assert built.rows(TOUCHED) == before
    assert report.count("model").get("built", 0) == 0


WITHOUT_DBT = """
import sys
from stanchion.marts import build
from stanchion.server.locate import find_server

with find_server(sys.argv[1]) as server:
    result = build(server)
print(result.is_current, sorted({node.outcome for node in result.nodes}), "dbt.cli.main" in sys.modules)
"""


def outcome_of_a_process(platform: Platform) -> str:
    """Build in a new process and return whether it was current, the outcomes, and whether dbt was imported."""
    command = [sys.executable, "-c", WITHOUT_DBT, platform.server.dsn]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.slow
@pytest.mark.long
def test_a_build_without_changes_does_not_start_dbt(built: Platform) -> None:
    """A changed source starts it, as do damaged queries, or those of another version of the project."""
    built.build()
    assert outcome_of_a_process(built) == "True ['unchanged'] False"
    built.conn.execute("update core.tenant set name = 'Renamed' where slug = 'nobody'")
    assert outcome_of_a_process(built) == "True ['built', 'unchanged'] True"
    assert built.rows("select from marts.tenant_stats_mart where tenant_name = 'Renamed'")
    files = Path(os.environ["DBT_TARGET_PATH"]).glob("*/comparisons.json")  # one of each database of these tests
    kept = max(files, key=lambda file: file.stat().st_mtime_ns)
    for text in (kept.read_text().replace("materialized", "broken"), "cut", '{"project": "another"}', "[]"):
        assert outcome_of_a_process(built) == "True ['unchanged'] False"
        assert kept.read_text() != text
        kept.write_text(text)
        assert outcome_of_a_process(built) == "True ['unchanged'] True"


@pytest.mark.slow
@pytest.mark.long
def test_only_rows_that_differ_are_written(built: Platform) -> None:
    """A full refresh repairs changed rows only. A corrected score changes no event, and a build keeps its sessions."""

    def written(report: BuildResult) -> dict[str, int]:
        return {node.name.removeprefix("marts."): node.rows for node in report.nodes if node.rows and node.rows > 0}

    built.build()
    before = built.digests()
    damage = {
        "fact_event": [
            "update marts.fact_event set is_highlight = not is_highlight where game_key = '1001' and event_no = 7"
        ],
        "fact_shot": [
            "delete from marts.fact_shot where game_key = '1002'",
            "update marts.fact_shot set game_key = 'gone' where game_key = '1003'",
        ],
    }
    damaged = {
        mart: sum(built.conn.execute(each).rowcount for each in statements) for mart, statements in damage.items()
    }
    assert min(damaged.values()) > 0
    assert written(built.build(full_refresh=True, test=False)) == damaged
    assert built.digests() == before
    league = built.leagues["ours"]
    league.official[1001] = (8, 0)
    league.schedule(built.server, [league.games[0]])
    built.settle()
    (sessions,) = built.rows("select sessions from pg_stat_database where datname = current_database()")
    report = built.build()
    built.settle()
    (later,) = built.rows("select sessions from pg_stat_database where datname = current_database()")
    rows = written(report)
    assert rows["fact_game_quality"] == 1
    assert not rows.keys() & {"fact_event", "fact_stint", "fact_player_stint", "fact_shot"}
    assert later["sessions"] - sessions["sessions"] < len(report.nodes) / 2


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.exhaustive
def test_views_are_rebuilt_only_when_missing_or_changed(built: Platform) -> None:
    def views(report: BuildResult) -> dict[str, str]:
        names = "standings|fact_.*_season|stg_"
        return {node.name: node.outcome for node in report.nodes if re.search(names, node.name)}

    built.build()
    assert views(built.build()) == {}
    built.conn.execute("drop view marts.standings")
    remade = views(built.build())
    assert remade.pop("marts.standings") == "built"
    assert set(remade.values()) == {"unchanged"}
    assert built.rows("select count(*) as n from marts.standings")[0]["n"] > 0
    assert views(built.build()) == {}
    built.conn.execute("update core.stat_refresh set definition = 'older' where model = 'staging.views'")
    assert len(views(built.build())) > 10


@pytest.mark.slow
def test_later_loads_wait_for_a_running_load(built: Platform, tmp_path: Path) -> None:
    ours, theirs = built.leagues["ours"], built.leagues["theirs"]
    slow = psycopg.connect(built.server.dsn)  # begins a load and does not end it
    session = slow.info.backend_pid
    slow.execute(OURS)
    slow.execute("select landing.begin_load('games', 'slow')")
    slow.commit()
    try:
        before = built.digests()
        fast = theirs.games[0]
        theirs.trees[fast.game_id] = export(fast) | {"events": export(fast)["events"][:1400]}
        theirs.load(built.server, tmp_path, [fast], accept_shrink=True)
        built.build()
        assert built.digests() == before, "a load after the running one must not be built"
        late = ours.games[0]
        ours.trees[late.game_id] = export(late) | {"events": export(late)["events"][:1400]}
    finally:
        slow.close()
    built.settle(f"pid = {session}")  # a load is dead when the server has ended its session
    ours.load(built.server, tmp_path, [late], accept_shrink=True)  # also reaps the dead load
    built.build()
    events = (
        "select count(*) as n from marts.fact_event join core.tenant as t using (tenant_id) "
        "where t.slug = %s and game_key = '1001'"
    )
    assert built.rows(events, "theirs")[0]["n"] == built.rows(events, "ours")[0]["n"] == 1400
    after = built.digests()
    built.build(full_refresh=True, test=False)
    assert built.digests() == after


@pytest.mark.slow
def test_a_full_refresh_keeps_games_of_a_running_load(built: Platform) -> None:
    before = built.rows("select count(*) as n from marts.fact_player_game")[0]["n"]
    with psycopg.connect(built.server.dsn) as slow:
        slow.execute(OURS)
        (load,) = slow.execute("select landing.begin_load('games', 'slow')").fetchone()
        slow.commit()
        slow.execute("update contest.fixture set load_id = %s where game_key = '1002'", [load])
        slow.commit()
        built.build(full_refresh=True)
        assert built.rows("select count(*) as n from marts.fact_player_game")[0]["n"] == before


@pytest.mark.slow
def test_one_tenant_is_built_and_the_others_later(built: Platform, tmp_path: Path) -> None:
    for slug in ("ours", "theirs"):
        league = built.leagues[slug]
        league.official[1001] = (8, 0)
        league.schedule(built.server, [league.games[0]])
    built.build(tenant="theirs")
    statement = (
        "select t.slug, q.official_home from marts.fact_game_quality as q join core.tenant as t using (tenant_id) "
        "where q.game_key = '1001' and q.official_home = 8 order by 1"
    )
    assert [row["slug"] for row in built.rows(statement)] == ["theirs"]
    built.build()
    assert [row["slug"] for row in built.rows(statement)] == ["ours", "theirs"]


@pytest.mark.slow
@pytest.mark.long
def test_a_mart_is_never_ahead_of_its_parents(built: Platform) -> None:
    league = built.leagues["ours"]
    league.official[1001] = (8, 0)
    league.schedule(built.server, [league.games[0]])
    built.build("fact_team_game")  # without fact_game_quality, which it reads
    built.build()
    after = built.digests()
    built.build(full_refresh=True, test=False)
    assert built.digests() == after
    rows = built.rows("select score_for from marts.fact_team_game where game_key = '1001' and score_for = 8")
    assert len(rows) == 1


def test_rules_set_without_a_load_change_the_standings(built: Platform) -> None:
    total = (
        "select sum(points) as n from marts.standings as s join core.tenant as t using (tenant_id) where slug = 'ours'"
    )
    before = built.rows(total)[0]["n"]
    with built.conn.transaction():
        built.conn.execute(OURS)
        built.conn.execute("select core.set_tenant_config('contest', 'points_win', '3', '2000-01-01')")
    built.build()
    assert built.rows(total)[0]["n"] > before
