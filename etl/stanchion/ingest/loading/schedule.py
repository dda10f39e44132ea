"""Schedules: what the league says about its games, as a table of one row per game.

A game that has its id is found by it, one that has none by its day and teams. The last schedule that was loaded
counts, whatever a game's exports say; games move to the day that it says.
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
from stanchion.ingest.loading.run import Total, finish
from stanchion.ingest.loading.session import Session
from stanchion.ingest.loading.store import Store
from stanchion.ingest.loading.worker import Done
from stanchion.paths import query
from stanchion.server.connection import Connection

LARGEST = 2**28  # bytes of a schedule
_BATCH = 200  # games whose rows change in one transaction, while no game of the tenant is loaded
_NAMES = {
    "game_id": "game_id", "gameid": "game_id", "id": "game_id", "game": "game_id",
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
    constraint a_team_does_not_play_itself check (home_team <> away_team)
) on commit drop
"""
_ISO = re.compile(r"\d{4}-\d\d-\d\d")


def load_schedule(session: Session, path: str, data: bytes, on_done: Callable[[Done], None]) -> Total:
    """Load a schedule. Rows that cannot be are rejected with their line; the others count."""
    started = time.monotonic()
    rows = _read(data)
    total = Total(session.begin_load("schedule", storable(path)[:2000]))
    store = Store(session, total.load_id or 0, session.settings())
    total.state = "failed"
    try:
        kept, refused = _stage(session, rows)
        _note(session, total, path, data, kept, refused)
        for number, reason in refused:
            on_done(Done(f"{storable(path)}, line {number}", "rejected", reason))
        for start in range(0, len(kept), _BATCH):
            _settle(store, kept[start : start + _BATCH], total)
        with session.transaction() as conn:
            conn.execute(query("ingest/loading", "span_seasons"), {"tenant": session.tenant_id})
        total.outcomes["rejected"] += len(refused)
        total.seen, total.accepted, total.rejected = len(kept) + len(refused), len(kept), len(refused)
        total.state = "done"
    finally:
        finish(session, total)
    total.seconds = time.monotonic() - started
    return total


def _read(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows with their lines, by what their cells are. Raises when it is no schedule."""
    if len(data) > LARGEST:
        raise StanchionError(f"A schedule of more than {LARGEST // 2**20} MB is not read.")
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
            "This is no schedule: its first line names no column for "
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
            yield reader.line_num, {name: cell.strip() for name, cell in named if name and cell.strip()}


def _column(cell: str) -> str | None:
    name = re.sub(r"[\s-]+", "_", cell.strip().lower())
    return _NAMES.get(name) or (name if _PERIOD.fullmatch(name) else None)


def _line(number: int, cells: dict[str, str]) -> flat.Line | None:
    """A row for the stage; None when a score of a period is no number."""
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
        # only one way to write a day: 03/10 is another one elsewhere
        day if day is None or _ISO.fullmatch(day) else "another way to write a day",
        cells.get("home_team"),
        cells.get("away_team"),
        cells.get("season"),
        _TYPES.get(kind.casefold(), kind) if kind else None,
        home,
        away,
        json.dumps(by_period) if by_period else None,
    ]
    return flat.line(number, fields)


def _by_period(cells: dict[str, str]) -> dict[str, dict[str, int]] | None:
    """Goals by side and period; overtime is the period after the last one."""
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
    """Rows as the server understands them, and those that it does not."""
    refused: list[flat.Refused] = []

    def lines() -> Iterator[flat.Line]:
        for number, cells in rows:
            line = _line(number, cells)
            if line is None:
                refused.append((number, "The score of a period is no whole number."))
            else:
                yield line

    with session.transaction() as conn:
        conn.execute(_MAKE_STAGE)
        refused += flat.copy(conn, sql.SQL("copy pg_temp.stage_schedule from stdin").format(), lines())
        staged = conn.cursor(row_factory=dict_row).execute("select * from pg_temp.stage_schedule order by line_no")
        kept: dict[str, dict[str, Any]] = {}
        for row in staged:
            row["schedule_key"] = row["game_id"] or day_key(row["played_on"], row["home_team"], row["away_team"])
            if row["schedule_key"] in kept:
                refused.append((row["line_no"], "Its game is in a line above already."))
            else:
                kept[row["schedule_key"]] = row
    return list(kept.values()), sorted(refused)


def _note(
    session: Session, total: Total, path: str, data: bytes, kept: list[dict[str, Any]], refused: list[flat.Refused]
) -> None:
    """Write what became of the file."""
    count = len(refused)
    values = {
        "tenant": session.tenant_id,
        "load": total.load_id,
        "file_no": 0,
        "game_no": 0,
        "path": storable(path),
        "format": "schedule",
        "bytes": len(data),
        "fingerprint": None,
        "outcome": "published" if kept else "rejected",
        "reason": None if kept else "No row of the schedule can be used.",
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


def _settle(store: Store, rows: list[dict[str, Any]], total: Total) -> None:
    """Put rows into the schedule and have their games follow, while no game of the tenant is loaded."""
    for day in sorted({row["played_on"] for row in rows} - store.days):
        store.ensure(day)
    with store.session.transaction() as conn:
        conn.execute(query("ingest/loading", "lock_schedule"), {"tenant": store.tenant})
        _put_names(conn, store, rows)
        for row in rows:
            total.outcomes[_settle_row(conn, store, row)] += 1


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


def _settle_row(conn: Connection, store: Store, row: dict[str, Any]) -> str:
    """What became of a row, of which the most is what became of its games."""
    key = {"tenant": store.tenant, "load": store.load_id}
    changed = conn.execute(query("ingest/loading", "put_schedule"), key | _values(row)).rowcount
    if not changed:
        return "unchanged"
    if row["game_id"]:
        games = [row["game_id"]]
    else:
        found = conn.execute(query("ingest/loading", "games_of"), key | _values(row))
        games = [game for (game,) in found]
    outcomes = [store.settle_locked(conn, game, None).outcome for game in games]
    store.settle_waiting(conn, {row["played_on"]})
    return "moved" if "moved" in outcomes else "published"


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
