"""Is this database well? Each check is a sentence that holds, or what is wrong and what to do."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from stanchion.audit.rules import broken, rule_files
from stanchion.deploy import catalog
from stanchion.deploy.modules import discover, module_states, read_ledger
from stanchion.paths import ROOT, queries, query
from stanchion.server.connection import Connection, is_deployed, value

_LITTLE_SPACE = 0.1  # of the disk


@dataclass(frozen=True)
class Alert:
    problem: str
    remedy: str


@dataclass(frozen=True)
class Check:
    """What should hold, and what does not."""

    promise: str
    alerts: list[Alert] = field(default_factory=list)


def examine(conn: Connection, data: Path | None) -> Iterator[Check]:
    """Every check, the cheapest and most telling first. `data` is where the embedded server keeps its own."""
    if not is_deployed(conn):
        yield Check(
            "Stanchion is deployed.", [Alert("Stanchion is not deployed in this database.", "stanchion deploy")]
        )
        return
    yield _modules(conn)
    if not value(conn, "select to_regclass('ops.alert') is not null"):
        return  # what is asked below is not there yet
    yield Check(
        "The database is what the last deploy left.",
        [
            Alert(f"Changed by hand: {line}.", "Undo it, or stanchion deploy --accept-drift")
            for line in catalog.drift(conn)
        ],
    )
    yield Check(
        "Tenants are kept apart by the rules (stanchion audit tries it).",
        [
            Alert(f"{finding}.", "Put it right, then stanchion audit")
            for rule in rule_files()
            for finding in broken(conn, rule)
        ],
    )
    yield from _watched(conn)
    for text in queries("ops/checks.sql").values():
        yield ask(conn, text)
    if data:
        yield _disk(data)


def ask(conn: Connection, text: str) -> Check:
    """A check that is a query: its first line is the promise, and its rows are what does not hold."""
    promise = text.partition("\n")[0].removeprefix("-- ")
    return Check(promise, [Alert(*row) for row in conn.execute(text.encode()).fetchall()])


def _watched(conn: Connection) -> Iterator[Check]:
    """What the database watches itself, in schema ops."""
    rows = conn.execute(query("ops", "watched")).fetchall()
    for promise, found in groupby(rows, key=lambda row: str(row[0])):
        yield Check(promise, [Alert(problem, remedy) for _, problem, remedy in found if problem])


def _modules(conn: Connection) -> Check:
    remedies = {
        "pending": "stanchion deploy",
        "changed": "stanchion deploy",
        "half-way": "stanchion revert --only MODULE, then stanchion deploy",
        "gone": "Bring the file back, or stanchion revert --only MODULE",
    }
    lines = module_states(discover(ROOT), read_ledger(conn))
    alerts = []
    for state, remedy in remedies.items():
        if names := [line["module"] for line in lines if line["state"] == state]:
            shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
            alerts.append(Alert(f"{len(names)} of the modules are {state}: {shown}.", remedy))
    return Check("Every module is deployed.", alerts)


def _disk(data: Path) -> Check:
    usage = shutil.disk_usage(data)
    promise = f"The disk has room ({usage.free / 2**30:.0f} GiB free)."
    if usage.free > _LITTLE_SPACE * usage.total:
        return Check(promise)
    return Check(
        promise,
        [Alert(f"Only {usage.free / 2**30:.1f} GiB are free where {data} is.", "Free some, or move STANCHION_HOME.")],
    )
