"""Other loaders, used as their manuals show, into tables without policies, partitions or revisions.

They are optional: pip install 'stanchion[bench]'.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def pandas(dsn: str, files: list[Path]) -> float:
    """Load with pandas and SQLAlchemy: one flat data frame per table, written with to_sql."""
    import pandas as pd
    import sqlalchemy as sa

    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: _connect(dsn))
    started = time.monotonic()
    with engine.begin() as conn:
        conn.execute(sa.text("create schema if not exists peer_pandas"))
    for file in files:
        tree = json.loads(file.read_text(encoding="utf-8"))
        with engine.begin() as conn:
            for table, rows in _tables(tree).items():
                frame = pd.DataFrame(rows)
                frame.to_sql(
                    table, conn, schema="peer_pandas", if_exists="append", index=False, method="multi", chunksize=1000
                )
    return time.monotonic() - started


def dlt(dsn: str, files: list[Path]) -> float:
    """Load with dlt: one resource per table, whose schema dlt infers, and whose rows dlt stages and copies."""
    import os
    import tempfile

    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    import dlt as tool
    from psycopg.conninfo import conninfo_to_dict

    given = conninfo_to_dict(dsn)
    url = "postgresql://{user}:{password}@{host}:{port}/{dbname}".format(**({"password": ""} | given))
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        pipeline = tool.pipeline(
            "bench", destination=tool.destinations.postgres(url), dataset_name="peer_dlt", pipelines_dir=folder
        )

        def rows(table: str) -> Iterator[dict[str, Any]]:
            for file in files:
                yield from _tables(json.loads(file.read_text(encoding="utf-8")))[table]

        tables = list(_tables(json.loads(files[0].read_text(encoding="utf-8"))))
        pipeline.run([tool.resource(rows(table), name=table) for table in tables])
        return time.monotonic() - started


PEERS: dict[str, Callable[[str, list[Path]], float]] = {"pandas and SQLAlchemy": pandas, "dlt": dlt}


def missing() -> str | None:
    """Return a message with the packages to install, when some are missing."""
    names = [name for name in ("pandas", "sqlalchemy", "dlt") if find_spec(name) is None]
    if not names:
        return None
    return f"To compare with other loaders, install {' and '.join(names)}: pip install 'stanchion[bench]'"


def _connect(dsn: str) -> Any:
    import psycopg

    return psycopg.connect(dsn)


def _tables(tree: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of an export for the same tables, without any check."""
    game = tree["gameId"]
    tables: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("play_event", "play_participant", "play_point", "stint", "stint_player")
    }
    for number, event in enumerate(tree["events"]):
        key = {"game": game, "event_no": number}
        single = {name: thing for name, thing in event.items() if not isinstance(thing, list | dict)}
        tables["play_event"].append(key | single)
        for place, player in enumerate(event["players"]):
            person = {name: thing for name, thing in player.items() if name != "xy"}
            tables["play_participant"].append(key | {"participant_no": place} | person)
            tables["play_point"] += [key | {"kind": "player", "x": at["x"], "y": at["y"]} for at in player["xy"]]
        tables["play_point"] += [key | {"kind": "puck", "x": at["x"], "y": at["y"]} for at in event["puckXY"]]
    for number, stint in enumerate(tree["shifts"]):
        key = {"game": game, "stint_no": number}
        tables["stint"].append(key | {name: stint[name] for name in ("period", "start_time", "end_time")})
        for side in ("home", "away"):
            tables["stint_player"] += [key | {"side": side, "slot": slot} | who for slot, who in stint[side].items()]
    return tables
