"""How far the mirror of the marts is behind its sources, for `cluster status`, `doctor` and builds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg

from stanchion.cluster.mirror_source import entry_of
from stanchion.cluster.mirror_target import horizons
from stanchion.errors import StanchionError
from stanchion.ops.check import Alert, Check
from stanchion.paths import queries
from stanchion.server.connection import Connection, connect, value
from stanchion.server.locate import Server

_QUERIES = queries("cluster/mirror.sql")
_PROMISE = "The mirror of the marts contains every load that ended more than a day ago"
_LATE = timedelta(days=1).total_seconds()
_BUILD = "Run: stanchion build"


@dataclass(frozen=True)
class Freshness:
    """How far the mirror is behind its sources."""

    load_id: int  # last load that is mirrored; -1 before the first run
    horizon: int  # last load that has ended in the sources
    loads_behind: int  # loads that have ended and are not mirrored
    seconds_behind: float  # since the first of them ended
    seconds_since_run: float | None  # since the last completed run began; None before the first one completed

    def __str__(self) -> str:
        if self.seconds_since_run is None:
            return "Nothing is mirrored yet."
        late = (
            f"{self.loads_behind} loads behind, for {self.seconds_behind:.0f} s" if self.loads_behind else "not behind"
        )
        return (
            f"The mirror is {late}: load {self.load_id} of {self.horizon}, last run {self.seconds_since_run:.0f} s ago."
        )


def freshness(sources: Connection, marts: Connection) -> Freshness:
    """Return how far the mirror on the marts server is behind the sources."""
    position, seconds = -1, None
    if value(marts, "select to_regclass('mirror_state.run') is not null"):
        with marts.transaction():
            marts.execute("set local role stanchion_builder")
            position = horizons(marts)[0]
            seconds = value(marts, _QUERIES["age"])
    with sources.transaction():
        sources.execute("set local role stanchion_builder")
        row: Any = sources.execute(_QUERIES["behind"].encode(), {"position": position}).fetchone()
    return Freshness(position, row[0], row[1], row[2], seconds)


def read_freshness(server: Server, conn: Connection) -> Freshness | None:
    """Return how far the mirror is behind; None when builds need no mirror. `conn` is the operator's connection."""
    from stanchion.marts.node import marts_server  # the package of builds imports this module

    marts = marts_server(server)
    if marts is server:
        return freshness(conn, conn) if entry_of(conn) else None
    with connect(marts) as there:
        return freshness(conn, there)


def examine_mirror(server: Server, conn: Connection) -> Iterator[Check]:
    """Yield the check of the mirror; nothing when builds need no mirror."""
    try:
        found = read_freshness(server, conn)
    except (StanchionError, psycopg.Error) as e:
        problem = f"The mirror of the marts cannot be read: {str(e).strip()}"
        yield _check(Alert(problem, "Start the node or the server of the marts, or correct STANCHION_MARTS_DSN."))
        return
    if found is None:
        return
    if found.seconds_since_run is None and found.load_id >= 0:
        yield _check(Alert("The mirror of the marts is incomplete: a run from scratch has not completed.", _BUILD))
    elif found.load_id >= 0 and found.seconds_behind > _LATE:
        yield _check(Alert(str(found), _BUILD))
    else:
        yield _check()


def _check(*alerts: Alert) -> Check:
    return Check(_PROMISE, list(alerts), "mirror")
