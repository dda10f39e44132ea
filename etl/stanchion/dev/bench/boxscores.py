"""The box scores of a folder of exports: the columns that are compared, and each way to compute them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import sql

from stanchion.dev.bench.equality import require_equal
from stanchion.server.connection import Connection

_GAME = ("game_key", "side")
_COUNTED = (
    "goals", "shots", "shots_on_goal", "saves", "penalties", "penalty_minutes", "faceoffs_won", "faceoffs_lost",
    "giveaways", "takeaways", "passes", "passes_completed", "goals_against", "seconds",
)  # fmt: skip
PLAYER_COLUMNS = (
    *_GAME, "player_key", "played_on", "person_key", "person_name", "position", *_COUNTED, "first_assists",
    "second_assists", "stints", "plus", "minus",
)  # fmt: skip
TEAM_COLUMNS = (
    *_GAME, *_COUNTED, "assists", "shots_blocked", "shots_missed", "power_play_goals", "short_handed_goals",
)  # fmt: skip
_MARTS = (("fact_player_game", PLAYER_COLUMNS, 3), ("fact_team_game", TEAM_COLUMNS, 2))  # with the length of the key

Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class BoxScores:
    """Lines of players and of teams, in the order of the columns."""

    players: Rows
    teams: Rows
    seconds: float = 0  # time that a peer took, without its import and without the conversion to Python

    @property
    def games(self) -> set[str]:
        return {line[0] for line in self.teams}


def of_marts(conn: Connection, tenant: str) -> BoxScores:
    """Return the lines of a tenant from the marts."""
    players, teams = (_read(conn, mart, columns, tenant) for mart, columns, _ in _MARTS)
    return BoxScores(players, teams)


def _read(conn: Connection, mart: str, columns: Sequence[str], tenant: str) -> Rows:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    table = sql.Identifier("marts", mart)
    return conn.execute(
        sql.SQL("select {} from {} where tenant_id = {}").format(names, table, sql.Literal(tenant))
    ).fetchall()


def check(peer: str, marts: BoxScores, found: BoxScores, games: set[str]) -> int:
    """Return the number of compared cells of these games. Raises StanchionError with the first difference."""
    return sum(
        require_equal(peer, mart, columns, keys, [line for line in ours if line[0] in games], theirs)
        for (mart, columns, keys), ours, theirs in zip(
            _MARTS, (marts.players, marts.teams), (found.players, found.teams), strict=True
        )
    )


def files_of(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the saves and the rosters of a folder."""
    files = sorted(folder.rglob("*.json"))
    rosters = [file for file in files if file.stem.endswith("_roster")]
    return [file for file in files if not file.stem.endswith("_roster")], rosters


def by_duckdb(folder: Path) -> BoxScores:
    """Read the files with read_json, and aggregate them in SQL."""
    import duckdb

    statements = (Path(__file__).parent / "boxscores.duckdb.sql").read_text(encoding="utf-8")
    with duckdb.connect() as conn:
        started = time.monotonic()
        saves, rosters = ([str(file) for file in files] for files in files_of(folder))
        given = {"exports": saves, "rosters": rosters}
        for statement in duckdb.extract_statements(statements):
            conn.execute(statement, {name: given[name] for name in statement.named_parameters})
        seconds = time.monotonic() - started
        return BoxScores(
            conn.execute(f"select {', '.join(PLAYER_COLUMNS)} from player_line").fetchall(),  # noqa: S608
            conn.execute(f"select {', '.join(TEAM_COLUMNS)} from team_line").fetchall(),  # noqa: S608
            seconds,
        )


def by_polars(folder: Path) -> BoxScores:
    """Read each file with read_json, and aggregate the frames."""
    from stanchion.dev.bench.boxscores_polars import box_scores

    started = time.monotonic()
    players, teams = box_scores(*files_of(folder))
    seconds = time.monotonic() - started
    return BoxScores(players.select(PLAYER_COLUMNS).rows(), teams.select(TEAM_COLUMNS).rows(), seconds)


PEERS: dict[str, Callable[[Path], BoxScores]] = {"DuckDB": by_duckdb, "polars": by_polars}
