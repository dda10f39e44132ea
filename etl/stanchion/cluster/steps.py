"""Steps of the commands that change a cluster: one at a time, recorded in core.cluster_step, and printed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from stanchion.cluster.digest import Digest
from stanchion.progress import Report
from stanchion.server.connection import Connection, only_one

_LOCK = 0x57A9C411  # an arbitrary constant: one command changes a cluster at a time


def cluster_lock(conn: Connection, report: Report) -> AbstractContextManager[None]:
    """Hold the lock of the only command that changes this cluster."""
    return only_one(conn, _LOCK, "cluster command", 600, report)


class Steps:
    """Records the steps of one command in core.cluster_step, and prints them."""

    def __init__(self, conn: Connection, command: str, report: Report) -> None:
        self._conn, self._command, self._report = conn, command, report
        self.changed = 0

    @contextmanager
    def step(self, step: str, name: str) -> Iterator[dict[str, Digest]]:
        """Run the body and its record in one transaction. The body may put the digest of its table into the dict."""
        started, found = time.monotonic(), dict[str, Digest]()
        with self._conn.transaction():
            yield found
            self.record(step, name, found.get("digest"), started)
        self.tell(step, name, found.get("digest"))

    def record(self, step: str, name: str, digest: Digest | None, started: float) -> None:
        """Write the row of a step, in the transaction of the caller."""
        self._conn.execute(
            "insert into core.cluster_step (command, step, object, row_count, digest, milliseconds) "
            "values (%s, %s, %s, %s, %s, %s)",
            [
                self._command,
                step,
                name,
                digest.rows if digest else None,
                digest.sum if digest else None,
                round((time.monotonic() - started) * 1000),
            ],
        )

    def tell(self, step: str, name: str, digest: Digest | None = None) -> None:
        """Print a step and count it."""
        self.changed += 1
        self._report(f"{step:12} {name}" + (f" ({digest.rows} rows)" if digest else ""))
