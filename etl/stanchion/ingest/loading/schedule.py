"""Load schedules: CSV files of a league with one row per game.

A row with a game id applies to that game; a row without one applies to the game of the same teams on the same date. The
schedule loaded last overrides the exports of a game, and games move to the date in the schedule.
"""

from __future__ import annotations

import csv
import io
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from stanchion.errors import StanchionError
from stanchion.ingest.loading import flat
from stanchion.ingest.loading.keys import day_key, name_key, storable
from stanchion.ingest.loading.record import FileResult
from stanchion.ingest.loading.run import LoadResult, finish_load
from stanchion.ingest.loading.session import Session
from stanchion.ingest.loading.store import Store
from stanchion.paths import query
from stanchion.server.connection import Connection

LARGEST = 2**28  # bytes of the largest schedule
_BATCH = 200  # rows in one transaction, during which no game of the tenant can be loaded
_NAMES = {
    "game_id": "game_id", "gameid": "game_id", "id": "game_id", "game": "game_id",
    "also": "also", "other_ids": "also",
    "date": "played_on", "game_date": "played_on", "day": "played_on",
    "home": "home_team", "home_team": "home_team", "away": "away_team", "away_team": "away_team",
    "season": "season", "game_type": "game_type", "type": "game_type",
    "home_score": "home_score", "home_goals": "home_score", "away_score": "away_score", "away_goals": "away_score",
}  # fmt: skip
_PERIOD = re.compile(r"(home|away)_(?:p|period_?)?(\d|ot)")
_TYPES = {"regular": "Regular", "regular season": "Regular", "playoffs": "Playoffs", "playoff": "Playoffs"}
_MAKE_STAGE = """
create temporary table stage_schedule (
    line_no integer not null,
    game_id text,
    also jsonb,
    played_on date not null,
    home_team text not null,
    away_team text not null,
    season text,
    game_type text,
    home_score integer,
    away_score integer,
    official_by_period jsonb,
    constraint no_game_is_played_on_that_day check (played_on between date '1900-01-01' and current_date + 730),
    constraint the_game_type_is_regular_or_playoffs check (game_type in ('Regular', 'Playoffs')),
    constraint a_score_is_not_negative check (home_score >= 0 and away_score >= 0),
    constraint a_score_has_two_sides check ((home_score is null) = (away_score is null)),
    constraint a_team_does_not_play_itself check (home_team <> away_team),
    constraint a_row_with_other_ids_has_a_game_id check (game_id is not null or also is null or also = '[]')
) on commit drop
"""
_EXPECTED = {
    "played_on": "a date as YYYY-MM-DD",
    "home_score": "a whole number",
    "away_score": "a whole number",
    "official_by_period": "whole numbers",
}
_ISO = re.compile(r"\d{4}-\d\d-\d\d")


def load_schedule(session: Session, path: str, data: bytes, on_result: Callable[[FileResult], None]) -> LoadResult:
    """Load a schedule. Invalid rows are rejected with their line number; the other rows are loaded."""
    started = time.monotonic()
    rows = _read(data)
    result = LoadResult(session.begin_load("schedule", storable(path)[:2000]))
    store = Store(session, result.load_id or 0, session.settings())
    result.state = "failed"
    try:
        kept, refused = _stage(session, rows)
        _record(session, result, path, data, kept, refused)
        for number, reason in refused:
            on_result(FileResult(f"{storable(path)}, line {number}", "rejected", reason))
        for start in range(0, len(kept), _BATCH):
            _update(store, kept[start : start + _BATCH], result)
        with session.transaction() as conn:
            conn.execute(query("ingest/loading", "update_season_dates"), {"tenant": session.tenant_id})
        result.outcomes["rejected"] += len(refused)
        result.seen, result.accepted, result.rejected = len(kept) + len(refused), len(kept), len(refused)
        result.state = "done"
    finally:
        finish_load(session, result)
    result.seconds = time.monotonic() - started
    return result


def _read(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Return the line number and the cells by column of each row. Raise StanchionError when it is not a schedule."""
    if len(data) > LARGEST:
        raise StanchionError(
            f"The schedule has {len(data) // 2**20} MB; the largest that can be read has {LARGEST // 2**20} MB."
        )
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        raise StanchionError("The schedule is not text in UTF-8; save it as CSV UTF-8.") from None
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    try:
        columns = [_column(cell) for cell in next(reader, [])]
    except csv.Error:
        columns = []
    missing = [name for name in ("played_on", "home_team", "away_team") if name not in columns]
    if missing:
        raise StanchionError(
            "This is not a schedule: its first line has no column for "
            f"{', '.join({'played_on': 'the date'}.get(name, name.replace('_', ' ')) for name in missing)}."
        )
    return _rows(reader, columns)


def _rows(reader: Any, columns: list[str | None]) -> Iterator[tuple[int, dict[str, str]]]:
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield reader.line_num, {}
            continue
        if any(cell.strip() for cell in cells):
            named = zip(columns, cells, strict=False)
            found = {name: cell.strip() for name, cell in named if name and cell.strip()}
            # a blank cell of this column is a value: the game has no other ids
            yield reader.line_num, {"also": "", **found} if "also" in columns else found


def _column(cell: str) -> str | None:
    name = re.sub(r"[\s-]+", "_", cell.strip().lower())
    return _NAMES.get(name) or (name if _PERIOD.fullmatch(name) else None)


def _line(number: int, cells: dict[str, str]) -> flat.Line | None:
    """Format a row for the staging table. Return None when the score of a period is not a whole number."""
    try:
        by_period = _by_period(cells)
    except ValueError:
        return None
    home, away = cells.get("home_score"), cells.get("away_score")
    if by_period and home is None and away is None:
        home, away = (str(sum(by_period[side].values())) for side in ("home", "away"))
    day, kind = cells.get("played_on"), cells.get("game_type")
    fields = [
        cells.get("game_id"),
        json.dumps(_other_ids(cells)) if "also" in cells else None,
        # other formats are refused, because 03/10 is March in one country and October in another
        day if day is None or _ISO.fullmatch(day) else "not a date",
        cells.get("home_team"),
        cells.get("away_team"),
        cells.get("season"),
        _TYPES.get(kind.casefold(), kind) if kind else None,
        home,
        away,
        json.dumps(by_period) if by_period else None,
    ]
    return flat.line(number, fields)


def _other_ids(cells: dict[str, str]) -> list[str]:
    """Return the ids of the game in other sources, which a semicolon separates."""
    found = {part.strip() for part in cells["also"].split(";")} - {"", cells.get("game_id")}
    return sorted(found)


def _by_period(cells: dict[str, str]) -> dict[str, dict[str, int]] | None:
    """Return goals by side and period. Overtime is the period after the last regular one."""
    found = {key: cell for key, cell in cells.items() if _PERIOD.fullmatch(key)}
    if not found:
        return None
    regular = max((int(key[-1]) for key in found if key[-1].isdigit()), default=3)
    score: dict[str, dict[str, int]] = {"home": {}, "away": {}}
    for key, cell in found.items():
        score[key[:4]][key[-1] if key[-1].isdigit() else str(regular + 1)] = int(cell)
    return score


def _stage(
    session: Session, rows: Iterator[tuple[int, dict[str, str]]]
) -> tuple[list[dict[str, Any]], list[flat.Refused]]:
    """Copy the rows into a staging table. Return the accepted rows, and the refused rows with their reasons."""
    refused: list[flat.Refused] = []

    def lines() -> Iterator[flat.Line]:
        for number, cells in rows:
            line = _line(number, cells)
            if line is None:
                refused.append((number, "The score of a period is not a whole number."))
            else:
                yield line

    with session.transaction() as conn:
        conn.execute(_MAKE_STAGE)
        refused += flat.copy(conn, sql.SQL("copy pg_temp.stage_schedule from stdin").format(), lines(), _EXPECTED)
        staged = conn.cursor(row_factory=dict_row).execute("select * from pg_temp.stage_schedule order by line_no")
        kept: dict[str, dict[str, Any]] = {}
        taken: set[str] = set()  # ids of the games of earlier lines
        for row in staged:
            row["schedule_key"] = row["game_id"] or day_key(row["played_on"], row["home_team"], row["away_team"])
            if row["schedule_key"] in kept or taken & {row["schedule_key"], *(row["also"] or ())}:
                refused.append((row["line_no"], "An earlier line has the same game."))
            else:
                kept[row["schedule_key"]] = row
                taken |= {row["schedule_key"], *(row["also"] or ())}
    return list(kept.values()), sorted(refused)


def _record(
    session: Session,
    result: LoadResult,
    path: str,
    data: bytes,
    kept: list[dict[str, Any]],
    refused: list[flat.Refused],
) -> None:
    """Write the outcome of the file and its rejects."""
    count = len(refused)
    values = {
        "tenant": session.tenant_id,
        "load": result.load_id,
        "file_no": 0,
        "game_no": 0,
        "path": storable(path),
        "format": "schedule",
        "bytes": len(data),
        "fingerprint": None,
        "outcome": "published" if kept else "rejected",
        "reason": None if kept else "No row of the schedule is valid.",
        "game": None,
        "hash": None,
        "seen": len(kept) + count,
        "accepted": len(kept),
        "rejected": count,
        "ignored": 0,
    }
    with session.transaction() as conn:
        conn.execute(query("ingest/loading", "put_file"), values)
        lists = {
            "parts": ["row"] * count,
            "positions": [number for number, _ in refused],
            "reasons": [reason for _, reason in refused],
            "raws": [None] * count,
        }
        conn.execute(query("ingest/loading", "put_rejects"), values | lists)


def _update(store: Store, rows: list[dict[str, Any]], result: LoadResult) -> None:
    """Write rows of the schedule and update their games. Loads of games wait until the transaction ends."""
    store.ensure_partitions(*sorted({row["played_on"] for row in rows} - store.days))
    with store.session.transaction() as conn:
        conn.execute(query("ingest/loading", "lock_schedule"), {"tenant": store.tenant})
        _put_names(conn, store, rows)
        for row in rows:
            result.outcomes[_update_row(conn, store, row)] += 1


def _put_names(conn: Connection, store: Store, rows: list[dict[str, Any]]) -> None:
    names = [row[side] for row in rows for side in ("home_team", "away_team")]
    keys = [name_key(name) for name in names]
    conn.execute(
        query("ingest/loading", "put_teams"), {"tenant": store.tenant, "seen_at": None, "keys": keys, "names": names}
    )
    seasons = {name_key(row["season"]): row["season"] for row in rows if row["season"]}
    conn.execute(
        query("ingest/loading", "put_seasons"),
        {"tenant": store.tenant, "keys": list(seasons), "names": list(seasons.values())},
    )


def _update_row(conn: Connection, store: Store, row: dict[str, Any]) -> str:
    """Write one row and update its games. Return the outcome: unchanged, moved or published."""
    key = {"tenant": store.tenant, "load": store.load_id}
    changed = conn.execute(query("ingest/loading", "put_schedule"), key | _values(row)).rowcount
    related = _put_aliases(conn, store, row)
    if not changed and not related:
        return "unchanged"
    if row["game_id"]:
        games = [row["game_id"], *related]
    else:
        found = conn.execute(query("ingest/loading", "games_of_row"), key | _values(row))
        games = [game for (game,) in found]
    outcomes = [_update_game(conn, store, game) for game in games]
    store.update_untracked(conn, {row["played_on"]})
    return "moved" if "moved" in outcomes else "published"


def _put_aliases(conn: Connection, store: Store, row: dict[str, Any]) -> list[str]:
    """Write the other ids of a game, if the schedule has a column for them. Return the ids that gained or lost a game.

    An id belongs to one game, and a game in the schedule is no alias: the last schedule loaded decides.
    """
    if row["also"] is None or not row["game_id"]:
        return []
    game, wanted = row["game_id"], set(row["also"])
    key = {"tenant": store.tenant, "game": game, "load": store.load_id}
    found = conn.execute(query("ingest/loading", "aliases"), key | {"games": [game, *wanted]})
    before = dict(found.fetchall())
    if set(before) == wanted and set(before.values()) <= {game}:
        return []
    conn.execute("select landing.remove_aliases(%s)", [list(before)])
    conn.execute(
        "insert into landing.game_alias (tenant_id, alias_key, game_key, load_id) "
        "select %(tenant)s, e.alias_key, %(game)s, %(load)s from unnest(%(aliases)s::text[]) as e (alias_key) "
        "returning 1",
        key | {"aliases": sorted(wanted)},
    )
    return sorted({*before, *before.values(), *wanted} - {game})


def _update_game(conn: Connection, store: Store, game_key: str) -> str:
    """Update a game, or withdraw it when it is an alias of another game. Return the outcome."""
    values = {"tenant": store.tenant, "game": game_key}
    is_alias = conn.execute("select landing.game_keys(%(game)s) = '{}'", values).fetchone()
    if is_alias and is_alias[0]:
        store.retire(conn, game_key)
        return "unchanged"
    return store.update_locked(conn, game_key, None).outcome


def _values(row: dict[str, Any]) -> dict[str, Any]:
    by_period = row["official_by_period"]
    return {
        "schedule_key": row["schedule_key"],
        "game": row["game_id"],
        "day": row["played_on"],
        "home_team": row["home_team"],
        "away_team": row["away_team"],
        "home": name_key(row["home_team"]),
        "away": name_key(row["away_team"]),
        "season": name_key(row["season"]) if row["season"] else None,
        "game_type": row["game_type"],
        "official_home": row["home_score"],
        "official_away": row["away_score"],
        "official_by_period": Jsonb(by_period) if by_period else None,
    }
