"""The checks of `stanchion doctor`: modules, drift, isolation of tenants, ops/checks.sql, thresholds and disk space."""

import shutil
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from stanchion.audit.rules import broken, rule_files
from stanchion.deploy import catalog
from stanchion.deploy.modules import discover, module_states, read_ledger
from stanchion.ops.check import Alert, Check, run_check
from stanchion.paths import ROOT, queries, query
from stanchion.server.connection import Connection, is_deployed, value

_MIN_FREE_SPACE = 0.1  # share of the disk


def examine(conn: Connection, data: Path | None) -> Iterator[Check]:
    """Yield every check, the cheap and important ones first. `data` is the data directory of the embedded server."""
    if not is_deployed(conn):
        yield Check(
            "Stanchion is deployed.",
            [Alert("Stanchion is not deployed in this database.", "stanchion deploy")],
            "deployed",
        )
        return
    yield _modules(conn)
    if not value(conn, "select to_regclass('ops.alert') is not null"):
        return  # the remaining checks read objects that this deploy has not created yet
    drift = catalog.drift(conn)
    yield Check(
        "The database is unchanged since the last deploy.",
        [
            Alert(f"Changed by hand: {line}.", finding.remedy, finding.id, finding.severity)
            for line, finding in zip(drift, catalog.findings(drift), strict=True)
        ],
        "drift",
    )
    yield Check(
        "The tenancy rules isolate every tenant (stanchion audit attacks them).",
        [Alert.of(finding) for finding in broken(conn, *rule_files())],
        "rules",
    )
    yield from watch(conn, data)


def watch(conn: Connection, data: Path | None) -> Iterator[Check]:
    """Yield the checks that take little time: those of states and values, which change without a deploy."""
    yield from _thresholds(conn)
    for name, text in queries("ops/checks.sql").items():
        yield run_check(conn, text, name)
    if data:
        yield _disk(data)


def _thresholds(conn: Connection) -> Iterator[Check]:
    """Yield a check for each threshold in ops.threshold."""
    rows = conn.execute(query("ops", "thresholds")).fetchall()
    for (name, promise), found in groupby(rows, key=lambda row: (str(row[0]), str(row[1]))):
        yield Check(promise, [Alert(problem, remedy) for *_, problem, remedy in found if problem], name)


def _modules(conn: Connection) -> Check:
    remedies = {
        "pending": "stanchion deploy",
        "changed": "stanchion deploy",
        "half-way": "stanchion revert --only MODULE, then stanchion deploy",
        "gone": "Restore the file, or run: stanchion revert --only MODULE",
    }
    lines = module_states(discover(ROOT), read_ledger(conn))
    alerts = []
    for state, remedy in remedies.items():
        if names := [line["module"] for line in lines if line["state"] == state]:
            shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
            alerts.append(Alert(f"{len(names)} of the modules are {state}: {shown}.", remedy))
    return Check("Every module is deployed.", alerts, "modules")


def _disk(data: Path) -> Check:
    usage = shutil.disk_usage(data)
    promise = f"The disk has room ({usage.free / 2**30:.0f} GiB free)."
    if usage.free > _MIN_FREE_SPACE * usage.total:
        return Check(promise, name="disk")
    free, expected = (f"{size / 2**30:.1f} GiB" for size in (usage.free, _MIN_FREE_SPACE * usage.total))
    return Check(
        promise,
        [
            Alert(
                f"The disk of {data} has {free} free, which is less than {_MIN_FREE_SPACE:.0%} of it ({expected}).",
                "Delete files, or move STANCHION_HOME to another disk.",
            )
        ],
        "disk",
    )
