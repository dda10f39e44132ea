"""A day of games may not go before the marts hold it, nor when it could not be read again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.loading.conftest import League
from tests.loading.exports import export, write

from .conftest import Db, Run, Said

TABLES = ("play_event", "play_participant", "play_point", "stint", "stint_player")


@pytest.fixture
def games(db: Db, dsn: str, tmp_path: Path) -> League:
    """A league with one game, of which the day is the last that is past its time."""
    league = League(db, dsn, "harbour")
    league.load(write(tmp_path / "a", export(events=40)))
    db.execute(
        "update core.partition_set "
        "set days_kept = core.utc_day(core.clock()) - (select played_on + 1 from contest.fixture) "
        "where relation like 'contest.%'"
    )
    return league


def take_in(league: League, upto: int) -> None:
    """As a whole build notes whose tests held."""
    league.db.execute(
        "insert into core.stat_refresh (model, changes, position, refreshed_at, definition) "
        "values ('staging.tested_loads', 'loads', %s, core.clock(), '') "
        "on conflict (model) do update set position = excluded.position",
        [upto],
    )


def outcomes(said: Said) -> set[tuple[str, str]]:
    return {(relation, outcome) for relation, _, outcome in said.days if outcome != "made"}


def each(outcome: str) -> set[tuple[str, str]]:
    return {(f"contest.{name}", outcome) for name in TABLES}


def test_a_day_stays_until_the_marts_hold_its_games_as_they_are(games: League, run: Run) -> None:
    said = run("run", "--dry-run")
    assert "games that the marts do not hold as they are now: 1, such as 18001; no build was ever whole" in said.out
    assert outcomes(run("expire", "--json")) == each("kept")
    assert games.published() == 40
    take_in(games, 0)
    assert "as they are now: 1, such as 18001\n" in run("run", "--dry-run").out
    (load,) = games.db.execute("select load_id from contest.fixture").fetchone()
    take_in(games, load)
    assert outcomes(run("expire", "--json")) == each("dropped")
    assert games.published() == 0


def test_a_day_stays_for_a_game_that_is_not_in_the_archive(games: League, run: Run) -> None:
    take_in(games, 1000)
    games.db.execute("update landing.revision set content_hash = 'other'")
    assert "games whose revision is not in the archive: 1, such as 18001" in run("run", "--dry-run").out
    assert outcomes(run("expire", "--json")) == each("kept")
    games.db.execute("update contest.fixture set content_hash = null")
    assert outcomes(run("expire", "--json")) == each("dropped"), "what is not published needs nobody"


def test_the_files_name_the_guard(db: Db) -> None:
    found = db.execute("select relation, guard from core.partition_set where relation like 'contest.%'").fetchall()
    assert found == [(relation, "contest.guard_play_day") for relation, _ in sorted(each(""))]


def test_an_expired_game_is_published_again_with_its_rows(
    games: League, run: Run, stanchion: Callable[..., Any]
) -> None:
    take_in(games, 1000)
    run("expire")
    before = games.one("select load_id from contest.fixture")
    (hashed,) = games.db.execute("select encode(content_hash, 'hex') from landing.revision").fetchone()
    assert games.published() == 0
    assert stanchion("publish", "18001", "--tenant", "harbour", "--revision", hashed[:12]).code == 0
    assert games.published() == 40
    assert games.one("select load_id from contest.fixture") > before, "so that the marts learn of it"
    assert stanchion("publish", "18001", "--tenant", "harbour", "--revision", hashed[:12]).code == 0
    assert games.published() == 40
