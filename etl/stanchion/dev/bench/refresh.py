"""Compute the facts of a season again, beside one DuckDB query per fact over the same rows.

DuckDB reads the rows from Postgres into tables of its own beforehand, which is not counted. Its tables are in memory,
without keys, tenants and comments. They have the columns of the marts except those of expected goals, of official
figures and of the quality of games. A fact of the marts takes as long as its model of dbt.
"""

from __future__ import annotations

import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from psycopg import sql

from stanchion.dev.bench.apart import run_apart
from stanchion.dev.bench.compare import Result
from stanchion.dev.bench.equality import require_equal
from stanchion.dev.bench.scratch import scratch_database
from stanchion.dev.bench.season import add_games, write_season
from stanchion.errors import StanchionError
from stanchion.marts import build
from stanchion.paths import queries
from stanchion.progress import Report
from stanchion.server.connection import Connection, connect
from stanchion.server.locate import Server

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# the facts, and the number of columns that identify a row: the first ones of each query
FACTS = {
    "fact_event": 2,
    "fact_stint": 2,
    "fact_player_stint": 4,
    "fact_shot_attempt": 2,
    "fact_assist": 4,
    "fact_player_game": 3,
    "fact_team_game": 2,
    "fact_pair_game": 4,
}
_GAMES = 50  # games that are compared at a time, which limits the memory
_QUERIES = "dev/bench/refresh.duckdb.sql"
_VIEWS = {"game": "int_game"}  # of the other tables: stg_contest__ and their name
_EXPRESSIONS = {"lacks": sql.SQL("to_json(lacks)")}
Seconds = dict[str, float]


def measure(server: Server, *, games: int, rounds: int, report: Report) -> list[Result]:
    """Return the medians of the rounds, in which both ways take turns."""
    ours: list[Seconds] = []
    theirs: list[Seconds] = []
    with scratch_database(server) as scratch, tempfile.TemporaryDirectory() as place:
        season, _ = write_season(Path(place), games, report)
        report(f"building {games:,} games")
        run_apart("Building the season", partial(add_games, scratch, season))
        turns = [("The full refresh", refresh, ours), ("DuckDB", query_rows, theirs)]
        for number in range(rounds):
            for name, way, taken in turns if number % 2 == 0 else reversed(turns):
                report(f"round {number + 1} of {rounds}: {name}")
                taken.append(run_apart(name, partial(way, scratch.server)).result)
            report(f"round {number + 1} of {rounds}: all facts of DuckDB equal the marts")
    return _results(games, ours, theirs)


def refresh(server: Server) -> Seconds:
    """Compute all marts again, and return the seconds of each fact and of the whole build."""
    started = time.monotonic()
    result = build(server, full_refresh=True, test=False)
    if result.failed:
        raise StanchionError(f"{result.failed[0].name} was not built ({result.failed[0].message}).")
    took = {node.name.removeprefix("marts."): node.seconds for node in result.nodes}
    return {fact: took[fact] for fact in FACTS} | {"build": time.monotonic() - started}


def query_rows(server: Server) -> Seconds:
    """Run the queries of DuckDB, compare their results with the marts, and return the seconds of each query."""
    import duckdb

    with connect(server) as conn, duckdb.connect() as own:
        copy_rows(conn, own)
        took = compute(own)
        compare(conn, own)
        return took


def compute(own: DuckDBPyConnection) -> Seconds:
    """Run the query of each fact, and return its seconds."""
    text = queries(_QUERIES)
    own.execute(text["macros"])
    took = {}
    for fact in FACTS:
        started = time.monotonic()
        own.execute(text[fact])
        took[fact] = time.monotonic() - started
    return took


def compare(conn: Connection, own: DuckDBPyConnection) -> None:
    """Raise StanchionError with the first cell in which a fact of DuckDB differs from the mart."""
    games = [row[0] for row in own.execute("select game_key from game order by game_key").fetchall()]
    for fact, keys in FACTS.items():
        columns = _columns(own, fact)
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        query = sql.SQL("select {} from {} where game_key = any(%s)").format(names, sql.Identifier("marts", fact))
        for start in range(0, len(games), _GAMES):
            some = games[start : start + _GAMES]
            rows = own.execute(f"from {fact} where list_contains(?, game_key)", [some]).fetchall()
            require_equal("DuckDB", fact, columns, keys, conn.execute(query, [some]).fetchall(), rows)


def _columns(own: DuckDBPyConnection, table: str) -> list[str]:
    return [row[0] for row in own.execute(f"describe {table}").fetchall()]


def copy_rows(conn: Connection, own: DuckDBPyConnection) -> None:
    """Copy the rows that the marts read into tables of DuckDB."""
    own.execute(queries(_QUERIES)["sources"])
    with tempfile.TemporaryDirectory() as folder:
        for (table,) in own.execute("select table_name from duckdb_tables()").fetchall():
            columns = _columns(own, table)
            query = sql.SQL("copy (select {} from {}) to stdout (format csv, null '\\N')").format(
                sql.SQL(", ").join(_EXPRESSIONS.get(name, sql.Identifier(name)) for name in columns),
                sql.Identifier("staging", _VIEWS.get(table, f"stg_contest__{table}")),
            )
            file = Path(folder, table)
            with file.open("wb") as out, conn.cursor().copy(query) as copy:
                for part in copy:
                    out.write(part)
            own.execute(f"copy {table} from '{file}' (format csv, header false, nullstr '\\N')")


def _results(games: int, ours: list[Seconds], theirs: list[Seconds]) -> list[Result]:
    """Return two lines for all facts, one for the whole build, and two for each fact."""
    results = _pair(f"{len(FACTS)} facts of {games:,} games", [_sum(each) for each in ours], list(map(_sum, theirs)))
    results.append(_result(f"all marts of {games:,} games, full refresh", [each["build"] for each in ours]))
    for fact in FACTS:
        results += _pair(
            f"marts.{fact}", [each[fact] for each in ours], [each[fact] for each in theirs], is_detail=True
        )
    return results


def _sum(seconds: Seconds) -> float:
    return sum(seconds[fact] for fact in FACTS)


def _pair(what: str, ours: list[float], theirs: list[float], *, is_detail: bool = False) -> list[Result]:
    ratio = median(our / their for our, their in zip(ours, theirs, strict=True))
    return [
        _result(f"{what}, full refresh", ours, is_detail=is_detail),
        _result(f"{what}, queries of DuckDB", theirs, ratio=ratio, peer="DuckDB", is_detail=is_detail),
    ]


def _result(what: str, seconds: list[float], **more: Any) -> Result:
    middle = median(seconds)
    given: dict[str, Any] = {"ratio": None, "bar": None} | more
    return Result(what, 1, 1 / middle, 1000 * middle, 1000 * max(seconds), **given)
