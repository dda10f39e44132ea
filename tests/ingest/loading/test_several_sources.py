"""A game in two sources is one game once the schedule says so, and the league chooses the source."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stanchion.dev.sample import hockey_scraper, hockeytech
from stanchion.dev.sample.book import book_game
from tests.program import Outcome

from .conftest import League

PLAYED = book_game(7)
GAME, OTHER = hockey_scraper.game_key(PLAYED), str(hockeytech.game_id(PLAYED))


def write(folder: Path) -> tuple[Path, Path]:
    """Write the game as a file of one source and as documents of another, which has another id for it."""
    table, documents = folder / "games.csv", folder / "documents"
    documents.mkdir()
    table.write_bytes(hockey_scraper.hockey_scraper_csv([PLAYED]))
    for name, data in hockeytech.files(PLAYED).items():
        (documents / name).write_bytes(data)
    return table, documents


def schedule(league: League, also: str | None) -> dict[str, int]:
    head, row = ["game_id", "date", "home", "away"], [GAME, str(PLAYED.day), PLAYED.home.name, PLAYED.away.name]
    if also is not None:
        head, row = [*head, "also"], [*row, also]
    return outcomes(league, f"{','.join(head)}\n{','.join(row)}\n")


def outcomes(league: League, text: str) -> dict[str, int]:
    return {outcome: count for outcome, count in league.schedule(text).outcomes.items() if count}


def published(league: League) -> dict[str, str]:
    """Return the format of the published revision of each game that is not withdrawn."""
    found = league.db.execute(
        "select f.game_key, r.format from contest.fixture as f "
        "join landing.revision as r using (tenant_id, content_hash) where f.tenant_id = %s",
        [league.id],
    )
    return dict(found.fetchall())


def rows(league: League) -> dict[str, int]:
    """Return the number of events in the published rows of each game."""
    counted = league.db.execute(
        "select game_key, count(*) from contest.play_event where tenant_id = %s group by 1", [league.id]
    )
    return dict(counted.fetchall())


@pytest.mark.parametrize("when", ["first", "between", "last"])
def test_two_sources_are_one_game_whenever_the_schedule_says_so(
    make_league: Callable[[str], League], tmp_path: Path, when: str
) -> None:
    league = make_league("harbour")
    table, documents = write(tmp_path)
    for step in ("first", "between", "last"):
        if step == when:
            schedule(league, OTHER)
        if step != "last":
            league.load(table if step == "first" else documents)
    assert published(league) == {GAME: "hockeytech"}
    assert rows(league).keys() == {GAME}
    states = dict(league.rows("select game_key, status from contest.fixture"))
    assert states.get(OTHER, "void") == "void"


def test_the_schedule_separates_the_games_again(league: League, tmp_path: Path) -> None:
    league.load(*write(tmp_path))
    alone = rows(league)
    assert published(league) == {GAME: "hockey_scraper", OTHER: "hockeytech"}
    schedule(league, OTHER)
    assert rows(league) == {GAME: alone[OTHER]}
    assert schedule(league, None) == {"unchanged": 1}, "a schedule without the column changes nothing"
    schedule(league, "")
    assert rows(league) == alone
    assert published(league) == {GAME: "hockey_scraper", OTHER: "hockeytech"}


def test_the_order_of_sources_decides_and_an_operator_overrides_it(
    league: League, tmp_path: Path, stanchion: Callable[..., Outcome]
) -> None:
    league.load(*write(tmp_path))
    order = json.dumps(["hockey_scraper", "hockeytech"])
    config = ("tenant", "config", "harbour")
    assert stanchion(*config, "contest.source_order", order).err.count("stanchion games settle") == 0, "no game has two"
    assert stanchion(*config, "contest.source_order", "[]").code == 0
    schedule(league, OTHER)
    changed = stanchion(*config, "contest.source_order", order, "--json")
    assert json.loads(changed.out)
    assert changed.err.endswith(
        "To apply the order to 1 loaded game with several sources, run: stanchion games settle --tenant harbour\n"
    )
    assert stanchion(*config, "contest.periods", "3").err.count("stanchion games settle") == 0
    assert published(league) == {GAME: "hockeytech"}, "a setting alone changes no game"
    assert stanchion("games", "settle", "--tenant", "harbour").code == 0
    assert published(league) == {GAME: "hockey_scraper"}
    listed = json.loads(stanchion("games", "revisions", GAME, "--tenant", "harbour", "--json").out)
    chosen = next(
        row["revision"]
        for row in listed
        if row["format"] == "hockeytech" and row["state"] == "archived" and row["events"]
    )
    assert stanchion("games", "publish", GAME, "--tenant", "harbour", "--revision", chosen).code == 0
    assert published(league) == {GAME: "hockeytech"}
    stanchion("games", "settle", "--tenant", "harbour")
    assert published(league) == {GAME: "hockeytech"}, "the choice of an operator stays"


def test_an_id_belongs_to_one_game(league: League) -> None:
    head, teams = "game_id,date,home,away,also", "Granite,Kestrels"
    lines = [f"1,2026-01-01,{teams},7;8", f"2,2026-01-02,{teams},8", f"7,2026-01-03,{teams},"]
    assert outcomes(league, "\n".join([head, *lines])) == {"published": 1, "rejected": 2}
    assert outcomes(league, f"{head}\n2,2026-01-02,{teams},8\n") == {"published": 1}
    assert sorted(league.rows("select alias_key, game_key from landing.game_alias")) == [("7", "1"), ("8", "2")]
    assert outcomes(league, f"date,home,away,also\n2026-01-05,{teams},9\n") == {"rejected": 1}


def test_another_tenant_keeps_its_games(make_league: Callable[[str], League], tmp_path: Path) -> None:
    ours, theirs = make_league("ours"), make_league("theirs")
    table, documents = write(tmp_path)
    for league in (ours, theirs):
        league.load(table, documents)
    before: Any = rows(theirs)
    schedule(ours, OTHER)
    assert (len(rows(ours)), rows(theirs)) == (1, before)
