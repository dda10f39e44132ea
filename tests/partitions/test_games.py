"""Partitions of games are kept until the marts contain their games, and while the archive lacks a revision."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.loading.conftest import League
from tests.ingest.loading.exports import export, write
from tests.sessions import Db

from .conftest import Outcome, Run

TABLES = ("play_event", "play_participant", "play_point", "stint", "stint_player")


@pytest.fixture
def games(db: Db, dsn: str, tmp_path: Path) -> League:
    """Load one game into a league; its day is the last one past its retention time."""
    league = League(db, dsn, "harbour")
    league.load(write(tmp_path / "a", export(events=40)))
    db.execute(
        "update core.partition_set "
        "set days_kept = core.utc_day(core.clock()) - (select played_on + 1 from contest.fixture) "
        "where relation like 'contest.%'"
    )
    return league


def mark_built(league: League, upto: int) -> None:
    """Record that a complete build, whose tests passed, contains all loads up to this one."""
    league.db.execute(
        "insert into core.stat_refresh (model, changes, position, refreshed_at, definition) "
        "values ('staging.tested_loads', 'loads', %s, core.clock(), '') "
        "on conflict (model) do update set position = excluded.position",
        [upto],
    )


def outcomes(result: Outcome) -> set[tuple[str, str]]:
    return {(relation, outcome) for relation, _, outcome in result.days if outcome != "made"}


def each(outcome: str) -> set[tuple[str, str]]:
    return {(f"contest.{name}", outcome) for name in TABLES}


def test_partition_is_kept_until_the_marts_have_its_games(games: League, run: Run) -> None:
    result = run("run", "--dry-run")
    assert (
        "games that the marts do not contain in their current revision: 1, such as 18001; no build has completed yet"
        in result.out
    )
    assert outcomes(run("expire", "--json")) == each("kept")
    assert games.published() == 40
    mark_built(games, 0)
    assert "in their current revision: 1, such as 18001\n" in run("run", "--dry-run").out
    (load,) = games.db.execute("select load_id from contest.fixture").fetchone()
    mark_built(games, load)
    assert outcomes(run("expire", "--json")) == each("dropped")
    assert games.published() == 0


def test_partition_is_kept_for_a_game_outside_the_archive(games: League, run: Run) -> None:
    mark_built(games, 1000)
    games.db.execute("update landing.revision set content_hash = 'other'")
    assert "games whose revision is not in the archive: 1, such as 18001" in run("run", "--dry-run").out
    assert outcomes(run("expire", "--json")) == each("kept")
    games.db.execute("update contest.fixture set content_hash = null")
    assert outcomes(run("expire", "--json")) == each("dropped"), "an unpublished game must not keep the partition"


def test_tables_of_games_have_the_guard(db: Db) -> None:
    found = db.execute("select relation, guard from core.partition_set where relation like 'contest.%'").fetchall()
    assert found == [(relation, "contest.guard_play_day") for relation, _ in sorted(each(""))]


def test_expired_game_can_be_published_again(games: League, run: Run, stanchion: Callable[..., Any]) -> None:
    mark_built(games, 1000)
    run("expire")
    before = games.one("select load_id from contest.fixture")
    (hashed,) = games.db.execute("select encode(content_hash, 'hex') from landing.revision").fetchone()
    assert games.published() == 0
    assert stanchion("games", "publish", "18001", "--tenant", "harbour", "--revision", hashed[:12]).code == 0
    assert games.published() == 40
    assert games.one("select load_id from contest.fixture") > before, (
        "a new load id makes the next build include the game"
    )
    assert stanchion("games", "publish", "18001", "--tenant", "harbour", "--revision", hashed[:12]).code == 0
    assert games.published() == 40
