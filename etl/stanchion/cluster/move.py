"""`cluster move`, `isolate` and `rebalance`: shards of tenants on other nodes.

A move is one transaction on the coordinator. Citus copies the shard while its tenants are written, then locks it,
copies the rest and changes the node in the metadata. Before the commit, the transaction ids and positions in the tables
of the tenants are replaced, because they are numbers of the old node (decision 0055). A session of the old node that
waited for the lock is refused after the commit: core.tenant_to_write() reads the new node. So a move that is killed at
any time has not happened, or is complete. The same command, repeated, first removes the remains of a killed one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from stanchion.cluster.home import connect_to, is_cluster, server_of
from stanchion.cluster.nodes import Node
from stanchion.cluster.nodes import connect_to as connect_alone
from stanchion.cluster.positions import next_numbers, repair
from stanchion.cluster.shards import restore_rights
from stanchion.cluster.steps import cluster_lock
from stanchion.errors import StanchionError
from stanchion.paths import queries
from stanchion.progress import Report
from stanchion.server.connection import Connection, find_tenant, require_deployed, require_superuser, value
from stanchion.server.locate import Server

STRATEGIES = {"size": "by_disk_size", "shards": "by_shard_count"}
_FAILURES = 3  # of a subscription; one or two can happen before its role may apply the changes
_PROGRESS_EVERY = 2.0  # seconds between two lines of progress
_LOCKED = ("Final Catchup", "Creating Foreign Keys", "Completing", "Completed")  # states of a copy after the last lock
_CLEAN_UP_WAIT = 60.0  # seconds
_LOCK_TIMEOUT = "60s"  # longest wait for the transactions that write the shard, at the end of the copy


@dataclass(frozen=True)
class Shard:
    """The shard of each distributed table that contains a tenant; all of them move together."""

    shard_id: int  # of core.event_stream
    node: Node
    tenants: tuple[tuple[UUID, str], ...]  # id and slug

    def __str__(self) -> str:
        slugs = [slug for _, slug in self.tenants]
        names = ", ".join(slugs[:3]) + (f" and {len(slugs) - 3} more" if len(slugs) > 3 else "")
        return f"shard {self.shard_id} ({names or 'without tenants'})"


@dataclass(frozen=True)
class Moved:
    """The result of a move."""

    shard: Shard
    target: Node
    repaired: int  # tenants whose transaction ids and positions were replaced
    seconds: float
    blocked: float  # seconds of it in which the tenants could not be written

    def as_dict(self) -> dict[str, Any]:
        """Return the move as JSON shows it."""
        return {
            "shard": self.shard.shard_id,
            "from": str(self.shard.node),
            "to": str(self.target),
            "tenants": [slug for _, slug in self.shard.tenants],
            "repaired": self.repaired,
            "seconds": round(self.seconds, 1),
            "blocked_seconds": round(self.blocked, 1),
        }


def move(conn: Connection, slug: str, target: Node, mode: str, report: Report) -> Moved:
    """Move the shard of a tenant, with its other tenants, to a node. At that node already, only repair positions."""
    tenant_id = _require_tenant(conn, slug)
    with _changing(conn, report):
        shard = shard_of(conn, tenant_id)
        known = targets(conn)
        if target not in known:
            names = ", ".join(map(str, known))
            raise StanchionError(f"{target} is not a node that may have shards; choose one of {names}.")
        return _move_shard(conn, shard, target, mode, report) if target != shard.node else _repair_in_place(conn, shard)


def isolate(conn: Connection, slug: str, report: Report) -> tuple[Shard, bool]:
    """Give a tenant a shard of its own, on the same node. Return the shard, and whether it is new.

    The tenants of the shard wait for all of it. Citus can divide a shard while it is written too, but replicates to
    tables without a primary key first: after an update or a delete, Postgres would retry permanently.
    """
    tenant_id = _require_tenant(conn, slug)
    with _changing(conn, report):
        shard = shard_of(conn, tenant_id)
        if len(shard.tenants) == 1:
            return shard, False
        others = len(shard.tenants) - 1
        report(f"separating {slug} from {others} other {'tenant' if others == 1 else 'tenants'} of {shard}")
        started = time.monotonic()
        with _shown(conn, shard.node, report), conn.transaction():
            conn.execute(f"set local lock_timeout = '{_LOCK_TIMEOUT}'")
            conn.execute(
                "select isolate_tenant_to_new_shard("
                "'core.event_stream', %s, 'CASCADE', shard_transfer_mode => 'block_writes')",
                [tenant_id],
            )
            _record(conn, "isolate", str(shard.node), [tenant_id], started)
        return shard_of(conn, tenant_id), True


def plan_rebalance(conn: Connection, by: str) -> list[tuple[Shard, Node]]:
    """Return the shards to move, each with its new node."""
    rows = conn.execute(_query("planned"), {"strategy": STRATEGIES[by]}).fetchall()
    return [
        (Shard(shard, Node(host, port), _tenants(conn, shard)), Node(to_host, to_port))
        for shard, host, port, to_host, to_port in rows
    ]


def rebalance(conn: Connection, by: str, mode: str, report: Report) -> Iterator[Moved]:
    """Move shards one after the other until the nodes have equal shares, and yield each move when it is complete."""
    _require_cluster(conn)
    with _changing(conn, report):
        for shard, target in plan_rebalance(conn, by):
            yield _move_shard(conn, shard, target, mode, report)


def shard_of(conn: Connection, tenant_id: UUID) -> Shard:
    """Return the shard of a tenant."""
    row = conn.execute(_query("shard"), {"tenant": tenant_id}).fetchone()
    if row is None:
        raise StanchionError(f"No node has the shard of tenant {tenant_id}; run: stanchion cluster status")
    return Shard(row[0], Node(*row[1:]), _tenants(conn, row[0]))


def all_shards(conn: Connection) -> list[Shard]:
    """Return every shard."""
    return [Shard(row[0], Node(*row[1:]), _tenants(conn, row[0])) for row in conn.execute(_query("shards")).fetchall()]


def targets(conn: Connection) -> list[Node]:
    """Return the nodes that may have shards."""
    return [Node(*row) for row in conn.execute(_query("targets")).fetchall()]


def _tenants(conn: Connection, shard_id: int) -> tuple[tuple[UUID, str], ...]:
    return tuple((UUID(str(i)), slug) for i, slug in conn.execute(_query("tenants"), {"shard": shard_id}).fetchall())


def _query(name: str) -> str:
    return queries("cluster/move.sql")[name]


def _require_tenant(conn: Connection, slug: str) -> UUID:
    _require_cluster(conn)
    return find_tenant(conn, slug)


def _require_cluster(conn: Connection) -> None:
    require_deployed(conn)
    if not is_cluster(conn):
        raise StanchionError("This database is not distributed, so every tenant is on this server.")
    require_superuser(conn)
    if not value(conn, "select citus_is_coordinator()"):
        raise StanchionError(f"{conn.info.host}:{conn.info.port} is not the coordinator; connect to the coordinator.")


@contextmanager
def _changing(conn: Connection, report: Report) -> Iterator[None]:
    """Hold the lock of the commands that change a cluster, and remove the remains of a killed one."""
    conn.execute(
        "set client_connection_check_interval = '2s'"
    )  # a killed command ends its statement, and frees the lock
    with cluster_lock(conn, report):
        for job, state, message in conn.execute(_query("running_elsewhere")).fetchall():
            error = f" Its last error: {message}" if message else ""
            raise StanchionError(
                f"Citus moves shards in the background job {job} ({state}).{error} "
                "Stop it first: select citus_rebalance_stop();"
            )
        conn.execute("select recover_prepared_transactions()")
        _clean_up(conn, report)
        yield
        _clean_up(conn, report)  # drops the rows that the tenants have at their old node
        restore_rights(server_of(conn), conn)  # also those of shards that a killed command created


def _clean_up(conn: Connection, report: Report) -> None:
    """Remove what moves left. Citus skips what is still locked, as after the restart of a node, so try again."""
    until, reported = time.monotonic() + _CLEAN_UP_WAIT, False
    while True:
        with _explained():
            conn.execute("call citus_cleanup_orphaned_resources()")
        left = value(conn, "select count(*) from pg_dist_cleanup")
        if not left or time.monotonic() > until:
            return
        if not reported:
            report(f"waiting until {left} objects of an earlier move can be removed")
            reported = True
        time.sleep(0.5)


def _move_shard(conn: Connection, shard: Shard, target: Node, mode: str, report: Report) -> Moved:
    """Move a shard and repair the positions of its tenants, in one transaction."""
    report(f"moving {shard} from {shard.node} to {target}")
    started, repaired = time.monotonic(), 0
    source, coming = shard.node, next_numbers(conn, target)
    with _shown(conn, target, report) as seen, conn.transaction():
        conn.execute(f"set local lock_timeout = '{_LOCK_TIMEOUT}'")
        conn.execute(
            "select citus_move_shard_placement(%s, %s, %s, %s, %s, %s)",
            [shard.shard_id, source.host, source.port, target.host, target.port, mode],
        )
        conn.execute("set local lock_timeout = 0")
        for tenant_id, _ in shard.tenants:
            repaired += repair(conn, tenant_id, coming)
        _record(conn, "move", f"{source} to {target}", [tenant_id for tenant_id, _ in shard.tenants], started)
    ended = time.monotonic()
    locked = started if mode == "block_writes" else seen.get("locked", ended)
    return Moved(shard, target, repaired, ended - started, ended - locked)


def _repair_in_place(conn: Connection, shard: Shard) -> Moved:
    """Repair the positions of a shard that another program moved, while its tenants wait."""
    started, repaired = time.monotonic(), 0
    coming = next_numbers(conn, shard.node)
    with connect_to(server_of(conn), shard.node) as there, there.transaction():
        there.execute("select lock_shard_metadata(7, array[%s])", [shard.shard_id])  # ExclusiveLock
        for tenant_id, _ in shard.tenants:
            repaired += repair(there, tenant_id, coming)
    if repaired:
        _record(conn, "move", f"repair at {shard.node}", [tenant_id for tenant_id, _ in shard.tenants], started)
    seconds = time.monotonic() - started
    return Moved(shard, shard.node, repaired, seconds, seconds)


def _record(conn: Connection, command: str, step: str, tenants: list[UUID], started: float) -> None:
    """Write one row per tenant into core.cluster_step, by which the mirror of the marts notices the move."""
    conn.execute(
        "insert into core.cluster_step (command, step, object, milliseconds) "
        "select %s, %s, t.tenant_id::text, %s from unnest(%s::uuid[]) as t (tenant_id)",
        [command, step, round((time.monotonic() - started) * 1000), tenants],
    )


@contextmanager
def _shown(conn: Connection, target: Node, report: Report) -> Iterator[dict[str, float]]:
    """Print the progress of the body and let the target replicate. Yield a dict that gets the time of the last lock."""
    stop, seen = Event(), dict[str, float]()
    server = server_of(conn)
    threads = [
        Thread(target=_print_progress, args=[server, stop, seen, report], daemon=True),
        Thread(target=_let_replicate, args=[server, target, stop, report], daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        with _explained():
            yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _print_progress(server: Server, stop: Event, seen: dict[str, float], report: Report) -> None:
    """Poll the progress until `stop` is set. A failure of this connection does not end the move."""
    shown, printed = "", 0.0
    with suppress(psycopg.Error), psycopg.connect(server.dsn, autocommit=True) as other:
        while not stop.wait(0.1):
            copied, total, status = other.execute(_query("progress")).fetchone() or (None, None, None)
            if status in _LOCKED:
                seen.setdefault("locked", time.monotonic())
            line = f"{status}: {(copied or 0) >> 20:,} of {(total or 0) >> 20:,} MB" if status else ""
            if line not in ("", shown) and time.monotonic() - printed > _PROGRESS_EVERY:
                shown, printed = line, time.monotonic()
                report(line)


def _let_replicate(server: Server, target: Node, stop: Event, report: Report) -> None:
    """Let the subscriptions of the move write tables whose policies apply to the owner too, until `stop` is set.

    Postgres applies changes as the owner of the table, whom the policies of this project do not exempt: it would retry
    permanently. Citus creates a role for each subscription and drops it at the end. This role may apply the changes.
    A subscription that fails for another reason is tried again without end too: its failures are reported once.
    """
    failed = False
    while not stop.wait(0.1):  # the node may have been restarted just now
        with suppress(psycopg.Error, StanchionError), connect_alone(server, target) as there:
            while not stop.wait(0.1):
                for subscription, role in there.execute(_query("subscriptions")).fetchall():
                    there.execute(sql.SQL("alter role {} bypassrls").format(sql.Identifier(role)))
                    statement = "alter subscription {} set (run_as_owner = true)"
                    there.execute(sql.SQL(statement).format(sql.Identifier(subscription)))
                failures = 0 if failed else value(there, _query("failures"))
                if failures >= _FAILURES:
                    failed = True
                    report(
                        f"{target} has failed {failures} times to apply the changes of the move, and tries again. "
                        "The log of its server has the reason. Stop this command to leave the tenants where they are."
                    )


@contextmanager
def _explained() -> Iterator[None]:
    """Raise an error of Citus as one sentence with its detail. The transaction was rolled back: nothing has moved."""
    try:
        yield
    except psycopg.Error as e:
        parts = [e.diag.message_primary or str(e), e.diag.message_detail, e.diag.message_hint]
        text = " ".join(_one_line(part) + "." for part in parts if part)
        raise StanchionError(f"Nothing was moved: {text}") from e


def _one_line(message: str) -> str:
    """Return a message in one line. An error of another node contains the prefixes of its own lines."""
    lines = (line.removeprefix("ERROR:").removeprefix("HINT:").strip() for line in message.splitlines())
    return " ".join(lines).rstrip(".")
