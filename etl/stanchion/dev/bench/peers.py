"""Other loaders, used as their manuals show, into tables with the keys and checks of the tables of games.

They load the same rows, without policies, partitions, revisions, and checks of the meaning of values.
"""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from stanchion.errors import StanchionError
from stanchion.paths import query

PACKAGES = {"load": ("dlt", "pandas", "sqlalchemy"), "refresh": ("duckdb",), "season": ("duckdb", "polars")}
_KEYS = {
    "play_event": ["game_key", "event_no"],
    "play_participant": ["game_key", "event_no", "participant_no"],
    "play_point": ["game_key", "event_no", "participant_no", "point_no"],
    "stint": ["game_key", "stint_no"],
    "stint_player": ["game_key", "stint_no", "side", "slot"],
}
Tables = dict[str, list[dict[str, Any]]]


def require(entries: Collection[str]) -> None:
    """Raise StanchionError when packages that benchmarks of these names need are missing."""
    needed = {package for name, packages in PACKAGES.items() if name in entries for package in packages}
    if missing := sorted(package for package in needed if find_spec(package) is None):
        names = f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'}"
        raise StanchionError(f"{names} not installed; run: pip install 'stanchion[bench]'")


def _pandas(method: Any, dsn: str, files: list[Path]) -> float:
    """Load with pandas and SQLAlchemy: one data frame per table and game, one transaction per game."""
    import pandas as pd
    import psycopg
    import sqlalchemy as sa

    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn))
    with engine.begin() as conn:
        conn.exec_driver_sql("drop schema if exists peer cascade")
        conn.exec_driver_sql(query("dev/bench", "peer_tables"))
    started = time.monotonic()
    for file in files:
        with engine.begin() as conn:
            for table, rows in _tables(file).items():
                pd.DataFrame(rows).to_sql(
                    table, conn, schema="peer", if_exists="append", index=False, method=method, chunksize=1000
                )
    return time.monotonic() - started


def _copy(table: Any, conn: Any, names: list[str], rows: Iterable[Any]) -> None:
    """Insert the rows with COPY, as the manual of pandas shows for Postgres."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    columns = ", ".join(f'"{name}"' for name in names)
    with (
        conn.connection.cursor() as cursor,
        cursor.copy(f"copy {table.schema}.{table.name} ({columns}) from stdin (format csv)") as copy,
    ):
        copy.write(text.getvalue())


def _dlt(dsn: str, files: list[Path]) -> float:
    """Load with dlt: one resource per table, whose rows dlt stages and merges by their key."""
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    import dlt
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    given = conninfo_to_dict(dsn)
    url = "postgresql://{user}:{password}@{host}:{port}/{dbname}".format(**({"password": ""} | given))
    with psycopg.connect(dsn) as conn:
        conn.execute("drop schema if exists peer_dlt cascade; drop schema if exists peer_dlt_staging cascade")
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        pipeline = dlt.pipeline(
            "bench", destination=dlt.destinations.postgres(url), dataset_name="peer_dlt", pipelines_dir=folder
        )

        def rows(table: str) -> Iterator[dict[str, Any]]:
            for file in files:
                yield from _tables(file)[table]

        pipeline.run(
            [
                dlt.resource(rows(table), name=table, primary_key=key, write_disposition="merge")
                for table, key in _KEYS.items()
            ]
        )
        return time.monotonic() - started


# with the least ratio of the rate of a load with one process to the rate of the peer
PEERS: dict[str, tuple[Callable[[str, list[Path]], float], float]] = {
    "pandas.to_sql with COPY": (partial(_pandas, _copy), 1.0),
    "pandas.to_sql with method=multi": (partial(_pandas, "multi"), 5.0),
    "dlt, merging by key": (_dlt, 5.0),
}


def _tables(file: Path) -> Tables:
    """Return the rows of an export for the tables, without any check."""
    tree = json.loads(file.read_text(encoding="utf-8"))
    game = str(tree["gameId"])
    tables: Tables = {name: [] for name in _KEYS}
    for number, event in enumerate(tree["events"]):
        key = {"game_key": game, "event_no": number}
        tables["play_event"].append(
            key
            | {name: event[name] for name in ("period", "type", "detail1", "detail2", "zone", "success", "strength")}
            | {"side": event["team"], "start_s": _seconds(event["start_time"]), "end_s": _seconds(event["end_time"])}
            | {"linked_group": event["linkedEventIdx"], "sequence_no": event["sequenceIdx"]}
            | {"play_no": event["playIdx"], "is_highlight": event["isHighlight"]}
        )
        tables["play_point"] += _points(key, -1, event["puckXY"])
        for place, player in enumerate(event["players"]):
            tables["play_participant"].append(
                key
                | {"participant_no": place, "role": player["role"], "side": player["team"], "jersey": player["num"]}
                | {"name": player["name"], "detail1": player["playD1"], "detail2": player["playD2"]}
                | {"pressure": player["pressure"], "side_of_puck": player["sideOfPuck"]}
            )
            tables["play_point"] += _points(key, place, player["xy"])
    for number, stint in enumerate(tree["shifts"]):
        key = {"game_key": game, "stint_no": number}
        start, end = _seconds(stint["start_time"]), _seconds(stint["end_time"])
        tables["stint"].append(key | {"period": stint["period"], "start_s": start, "end_s": end})
        for side in ("home", "away"):
            tables["stint_player"] += [
                key | {"side": side, "slot": slot, "jersey": who["num"], "name": who["name"]}
                for slot, who in stint[side].items()
            ]
    return tables


def _points(key: dict[str, Any], participant: int, points: list[dict[str, float]]) -> list[dict[str, Any]]:
    return [
        key | {"participant_no": participant, "point_no": number, "x": point["x"], "y": point["y"]}
        for number, point in enumerate(points)
    ]


def _seconds(clock: str) -> int:
    minutes, _, seconds = clock.partition(":")
    return int(minutes) * 60 + int(seconds)
