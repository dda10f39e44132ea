"""The peers of the benchmarks compute the cells of the marts, and a benchmark fails when one cell differs."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from stanchion.dev.bench import boxscores, refresh
from stanchion.dev.bench.boxscores import PLAYER_COLUMNS, BoxScores, by_duckdb, by_polars, check, of_marts
from stanchion.dev.bench.equality import require_equal
from stanchion.dev.bench.season import exported
from stanchion.dev.sample.files import as_json
from stanchion.dev.sample.folder import write
from stanchion.errors import StanchionError
from stanchion.ingest.loading.run import load
from tests.marts.league import League, play, quirky
from tests.marts.platform import Maker, Platform

PEERS = pytest.mark.parametrize("peer", [by_duckdb, by_polars], ids=["DuckDB", "polars"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of five games, of which the fourth is a workbook, with rosters and autosaves."""
    place = tmp_path_factory.mktemp("season")
    write(place, 5, seed=2)
    return place / "exports"


@pytest.fixture(scope="module")
def season(unloaded_platform: Maker, folder: Path) -> Iterator[Platform]:
    """A database with the games of the folder and their marts."""
    with unloaded_platform(folder, League("season", [])) as platform:
        assert load(platform.server, "season", (str(folder),)).is_clean
        platform.build(test=False)
        yield platform


@pytest.fixture
def marts(season: Platform) -> BoxScores:
    return of_marts(season.conn, str(season.rows("select tenant_id from core.tenant")[0]["tenant_id"]))


@pytest.mark.slow
@PEERS
def test_box_scores_of_a_peer_equal_the_marts(marts: BoxScores, folder: Path, peer: Any) -> None:
    games = exported(folder)
    assert len(games) == 4
    assert check("the peer", marts, peer(folder), games) == 4 * 2 * (16 * len(PLAYER_COLUMNS) + 21)


@pytest.mark.slow
@pytest.mark.parametrize("column", ["goals", "person_name", "minus"])
def test_a_changed_cell_of_a_peer_is_an_error(marts: BoxScores, folder: Path, column: str) -> None:
    found = by_duckdb(folder)
    place = PLAYER_COLUMNS.index(column)
    line = list(found.players[7])
    right, line[place] = line[place], 99
    wrong = replace(found, players=[*found.players[:7], line, *found.players[8:]])
    sentence = (
        f"DuckDB and the marts differ: {column} of {'/'.join(line[:3])} in fact_player_game is 99, expected {right}"
    )
    with pytest.raises(StanchionError, match=sentence):
        check("DuckDB", marts, wrong, exported(folder))


@pytest.mark.slow
@PEERS
def test_the_latest_save_of_a_game_wins(folder: Path, tmp_path: Path, peer: Any) -> None:
    source = sorted(folder.iterdir())[0]
    for file in source.iterdir():
        tree = json.loads(file.read_bytes())
        if "autosave" in file.name and tree["events"]:
            tree["exportDate"] = "2026-12-31T23:59:59.000Z"
            expected = sum(event["type"] == "Pass" for event in tree["events"])
        (tmp_path / file.name).write_bytes(as_json(tree))
    passes = PLAYER_COLUMNS.index("passes")
    assert 0 < sum(line[passes] for line in peer(tmp_path).players) == expected
    assert sum(line[passes] for line in peer(source).players) > expected


@pytest.fixture
def facts(season: Platform) -> Iterator[duckdb.DuckDBPyConnection]:
    """The facts of the season, computed by DuckDB."""
    with duckdb.connect() as own:
        refresh.copy_rows(season.conn, own)
        refresh.compute(own)
        yield own


@pytest.mark.slow
def test_facts_of_duckdb_equal_the_marts(season: Platform, facts: duckdb.DuckDBPyConnection) -> None:
    refresh.compare(season.conn, facts)
    for fact in refresh.FACTS:
        assert facts.table(fact).count("*").fetchone() > (0,)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("update fact_pair_game set seconds = seconds + 1 where rowid = 3", "DuckDB and the marts differ: seconds of "),
        ("update fact_event set zone = null where event_no = 9", "differ: zone of .* in fact_event is None, expected "),
        ("delete from fact_assist where rowid = 0", "the row .* of fact_assist is missing in DuckDB"),
        ("insert into fact_stint from fact_stint limit 1", "DuckDB has two rows .* of fact_stint"),
    ],
)
def test_a_changed_fact_of_duckdb_is_an_error(
    season: Platform, facts: duckdb.DuckDBPyConnection, change: str, sentence: str
) -> None:
    facts.execute(change)
    with pytest.raises(StanchionError, match=sentence):
        refresh.compare(season.conn, facts)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_facts_of_quirky_games_equal_the_marts(unloaded_platform: Maker, tmp_path: Path) -> None:
    league = play("quirky", 6, 1001, seed=3, change=quirky)
    with unloaded_platform(tmp_path, league) as platform, duckdb.connect() as own:
        league.schedule(platform.server)
        league.load(platform.server, tmp_path)
        platform.build(test=False)
        refresh.copy_rows(platform.conn, own)
        refresh.compute(own)
        refresh.compare(platform.conn, own)


def test_rows_that_only_one_side_has_are_named() -> None:
    with pytest.raises(StanchionError, match="the row 2/home of lines of polars is missing in the marts"):
        require_equal("polars", "lines", ["game", "side"], 2, [(1, "home")], [(1, "home"), (2, "home")])
    assert require_equal("polars", "lines", ["game", "goals"], 1, [(1, 3), (2, None)], [(2, None), (1, 3)]) == 4


def test_every_cell_that_is_compared_has_a_name() -> None:
    for _, columns, _ in boxscores._MARTS:
        assert len(set(columns)) == len(columns) > 20
