"""The costs of calls, and the cores, disk, shard tables, connections and WAL that a cluster needs for them."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from stanchion.errors import StanchionError
from stanchion.paths import ROOT

SHARD_TABLES_PER_NODE = 10_000  # the threshold of stanchion doctor
_DAY = 86_400
_DAYS_OF_A_YEAR = 365.25
_DAYS_OF_A_MONTH = 30.4
_BY_MONTH = 90  # a cluster keeps tables in months that plain Postgres keeps for at least this number of days
_PLAIN_TABLES = 39  # distributed tables without partitions (core.placement), marts excluded
_REFERENCE_TABLES = 10
_LOCAL = "ops."  # schema of tables that are not distributed
_RESERVED = 100  # connections for the other nodes, operators, backups and replication
_SET = re.compile(r"values\s*\(\s*'([a-z_.]+)',\s*(\d+),\s*(\d+|null)", re.IGNORECASE)


@dataclass(frozen=True)
class Call:
    """A kind of request: its share of all requests, and the time of one core and the WAL that one call takes."""

    name: str
    share: float
    core_ms: float
    wal_bytes: int
    source: str


# Each source is a line of docs/benchmarks.md, measured on one machine of 2 cores which also ran the clients. With one
# client, the median time is the time of one core. With more clients, both cores are busy. The WAL was measured with
# pg_current_wal_insert_lsn during runs of 5 s; docs/operations/cluster.md lists it.
CALLS = (
    Call("read", 0.80, 0.14, 0, "workspace: a document, median tenant (1 client, p50)"),
    Call("claim", 0.08, 0.63, 660, "claims: claim_key and complete_key, UUIDv7 (8 clients, 3,180/s on 2 cores)"),
    Call("event", 0.08, 0.24, 640, "events: append, 500 streams (16 clients, 8,485/s on 2 cores)"),
    Call("use", 0.03, 0.47, 840, "usage: record_usage (1 client, p50)"),
    Call("order", 0.01, 0.58, 1540, "purchases: one client, stock.buy (1 client, p50)"),
)


@dataclass(frozen=True)
class Demand:
    """The requests and the stored data of all tenants."""

    requests: float  # per second, at the peak
    average: float  # mean rate as a share of the peak
    events: float  # stored events of games
    years: float  # in which they were stored
    calls: tuple[Call, ...] = CALLS

    @property
    def core_ms(self) -> float:
        """Return the core time of a mean request on plain Postgres."""
        return sum(call.share * call.core_ms for call in self.calls)

    @property
    def events_per_day(self) -> float:
        return self.events / (self.years * _DAYS_OF_A_YEAR)


@dataclass(frozen=True)
class Node:
    """One machine of the cluster, and the shares of it that may be used."""

    cores: int
    busy: float  # of the cores, at the peak
    disk_gb: float
    full: float  # of the disk
    efficiency: float  # calls per core through the tenant's node, compared with plain Postgres

    def share_of(self, demand: Demand, event_bytes: float) -> tuple[float, float]:
        """Return the shares of all requests and of all data that one node can take (1 when it can take all)."""
        rate = self.cores * self.busy * 1000 * self.efficiency / demand.core_ms
        data = self.disk_gb * 2**30 * self.full / (demand.events * event_bytes) if demand.events else math.inf
        return min(1.0, rate / demand.requests), min(1.0, data)


@dataclass(frozen=True)
class Tables:
    """Numbers of tables. A partitioned table and each of its partitions have one shard in every shard group."""

    plain: int
    partitioned: int
    partitions: int
    reference: int

    def per_node(self, groups: float) -> int:
        """Return the number of shard tables and reference tables on a node with this number of shard groups."""
        return math.ceil((self.plain + self.partitioned + self.partitions) * groups) + self.reference


def count_tables(years: float, by_month: bool) -> Tables:
    """Return the tables after some years, with the days kept and ahead of the files in partitions/."""
    sets = read_partition_sets()
    return Tables(
        _PLAIN_TABLES,
        len(sets),
        sum(count_partitions(ahead, kept, years, by_month) for ahead, kept in sets.values()),
        _REFERENCE_TABLES,
    )


def read_partition_sets() -> dict[str, tuple[int, int | None]]:
    """Return the days ahead and the days kept (None: permanently) of each distributed table with partitions."""
    found = {}
    for file in sorted((ROOT / "partitions").glob("*.sql")):
        match = _SET.search(file.read_text(encoding="utf-8"))
        if match is None:
            raise StanchionError(
                f"{file} does not contain the values of a table: 'schema.table', days ahead, days kept."
            )
        if not match[1].startswith(_LOCAL):
            found[match[1]] = (int(match[2]), None if match[3].lower() == "null" else int(match[3]))
    return found


def count_partitions(ahead: int, kept: int | None, years: float, by_month: bool) -> int:
    """Return the number of partitions of a table after some years."""
    days = ahead + 1 + (years * _DAYS_OF_A_YEAR if kept is None else min(kept, years * _DAYS_OF_A_YEAR))
    if by_month and (kept is None or kept >= _BY_MONTH):
        return math.ceil(days / _DAYS_OF_A_MONTH) + 1
    return math.ceil(days)


def wal_per_day(demand: Demand, wal_per_event: float) -> float:
    """Return the bytes of WAL that all nodes write on a day: that of the calls, and that of the loads."""
    per_call = sum(call.share * call.wal_bytes for call in demand.calls)
    return demand.requests * demand.average * _DAY * per_call + demand.events_per_day * wal_per_event


def count_connections(node: Node, demand: Demand, share: float) -> tuple[int, int]:
    """Return the server connections of the pooler and max_connections for a node with a share of all requests.

    A busy core makes requests wait, so a request takes its core time divided by the idle share of the cores. The pool
    has twice the connections that are then active on average, and at least two for each core.
    """
    latency_ms = demand.core_ms / node.efficiency / (1 - node.busy)
    active = demand.requests * share * latency_ms / 1000
    pool = max(2 * node.cores, math.ceil(2 * active))
    return pool, pool + _RESERVED


def change_calls(shares: Mapping[str, float], core_ms: Mapping[str, float]) -> tuple[Call, ...]:
    """Return the calls with other shares, which must add up to 1, and with other costs."""
    names = [call.name for call in CALLS]
    for name in (*shares, *core_ms):
        if name not in names:
            raise StanchionError(f"'{name}' is not a call; the calls are: {', '.join(names)}.")
    calls = [
        replace(
            call,
            share=shares.get(call.name, 0.0 if shares else call.share),
            core_ms=core_ms.get(call.name, call.core_ms),
            source="--core-ms" if call.name in core_ms else call.source,
        )
        for call in CALLS
    ]
    _check(calls)
    return tuple(call for call in calls if call.share > 0)


def _check(calls: Sequence[Call]) -> None:
    total = sum(call.share for call in calls)
    if not math.isclose(total, 1, abs_tol=0.001):
        raise StanchionError(f"The shares of the calls must add up to 1, not {total:g}.")
    for call in calls:
        if call.share < 0 or call.core_ms <= 0:
            raise StanchionError(
                f"The share of {call.name} must not be negative and its core time must be positive, not "
                f"{call.share:g} and {call.core_ms:g} ms."
            )
