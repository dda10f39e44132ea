"""Simulate a cluster: place tenants whose load follows a Zipf law, rebalance the nodes, and size them."""

import math
import random
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from stanchion.dev.bench.placing import Placed, Placement, hash_tenant, place, rebalance
from stanchion.dev.bench.sizing import (
    SHARD_TABLES_PER_NODE,
    Demand,
    Node,
    Tables,
    count_connections,
    count_tables,
    wal_per_day,
)
from stanchion.errors import StanchionError

EVENT_BYTES = 1_600  # a stored event of a game with its players, points, stints and archive, indexes included
EVENT_WAL = 2_100  # WAL of loading it
_ROUNDING = 1e-9  # of sums of loads
_MORE_NODES = 3  # search up to this multiple of the number of nodes that perfect balance would need


@dataclass(frozen=True)
class Scenario:
    """The options of a simulation."""

    tenants: int
    exponent: float
    seed: int
    nodes: int | None  # None: as many as are needed
    groups_per_node: int
    isolations: int
    tolerance: float
    by_month: bool
    demand: Demand
    node: Node
    event_bytes: float = EVENT_BYTES
    event_wal: float = EVENT_WAL


@dataclass(frozen=True)
class Simulation:
    """The result of a simulation. Loads are shares of the load of all tenants."""

    scenario: Scenario
    nodes: int
    needed: int | None  # None when no number of nodes is enough
    shares: tuple[float, float]  # of the requests and of the data that one node can take
    largest: float
    largest_hundred: float
    before: Placement
    after: Placement
    tables: Tables
    pool: int
    max_connections: int
    wal_per_day: float

    @property
    def groups_on_fullest(self) -> int:
        """Return the largest number of shard groups on a node."""
        return max(sum(group.node == node for group in self.after.groups) for node in range(self.nodes))

    @property
    def shard_tables(self) -> int:
        """Return the largest number of shard tables on a node."""
        return self.tables.per_node(self.groups_on_fullest)

    @property
    def writes_per_second(self) -> float:
        """Return the commits of writing calls on the fullest node at the peak."""
        demand = self.scenario.demand
        return demand.requests * self.after.worst * sum(call.share for call in demand.calls if call.wal_bytes)

    def as_dict(self) -> dict[str, Any]:
        """Return the result for programs."""
        demand, node = self.scenario.demand, self.scenario.node
        return {
            "tenants": self.scenario.tenants,
            "exponent": self.scenario.exponent,
            "seed": self.scenario.seed,
            "largest_tenant_share": self.largest,
            "largest_hundred_share": self.largest_hundred,
            "nodes": self.nodes,
            "nodes_needed": self.needed,
            "requests_share_of_a_node": self.shares[0],
            "data_share_of_a_node": self.shares[1],
            "load_before": self.before.loads,
            "load_after": self.after.loads,
            "moves": self.after.moves,
            "isolated_tenants": self.after.isolated,
            "shard_groups_before": len(self.before.groups),
            "shard_groups_after": len(self.after.groups),
            "core_ms_per_request": demand.core_ms,
            "efficiency": node.efficiency,
            "calls": [asdict(call) for call in demand.calls],
            "requests_per_second": demand.requests,
            "commits_per_second_fullest_node": self.writes_per_second,
            "events": demand.events,
            "events_per_day": demand.events_per_day,
            "data_bytes": demand.events * self.scenario.event_bytes,
            "wal_bytes_per_day": self.wal_per_day,
            "distributed_tables": self.tables.plain + self.tables.partitioned,
            "reference_tables": self.tables.reference,
            "partitions": self.tables.partitions,
            "partitioned_by": "month" if self.scenario.by_month else "day",
            "shard_tables_per_node": self.shard_tables,
            "shard_tables_limit": SHARD_TABLES_PER_NODE,
            "pool_per_node": self.pool,
            "max_connections_per_node": self.max_connections,
        }


def simulate(scenario: Scenario) -> Simulation:
    """Place the tenants of a scenario on the given number of nodes, or on as few as are enough, and rebalance them."""
    _check(scenario)
    tenants = make_tenants(scenario.tenants, scenario.exponent, scenario.seed)
    loads = sorted((load for _, load in tenants), reverse=True)
    shares = scenario.node.share_of(scenario.demand, scenario.event_bytes)
    needed = _nodes_needed(scenario, tenants, min(shares))
    nodes = scenario.nodes or needed
    if nodes is None:
        raise StanchionError(
            f"No number of nodes is enough: the largest tenant has {loads[0]:.1%} of the load, and one node of "
            f"{scenario.node.cores} cores can take {min(shares):.1%}. Use larger nodes, or set --nodes."
        )
    before, after = _place(scenario, tenants, nodes)
    pool, max_connections = count_connections(scenario.node, scenario.demand, after.worst)
    return Simulation(
        scenario,
        nodes,
        needed,
        shares,
        loads[0],
        sum(loads[:100]),
        before,
        after,
        count_tables(scenario.demand.years, scenario.by_month),
        pool,
        max_connections,
        wal_per_day(scenario.demand, scenario.event_wal),
    )


def make_tenants(count: int, exponent: float, seed: int) -> list[Placed]:
    """Return the hash and the load of each tenant. The load of the n-th tenant is proportional to n ** -exponent.

    The ids are random, like those of core.create_tenant, and are the same in every run with the same seed.
    """
    choose = random.Random(seed)  # noqa: S311 - a simulation can be repeated
    weights = [rank**-exponent for rank in range(1, count + 1)]
    total = math.fsum(weights)
    return [(hash_tenant(UUID(int=choose.getrandbits(128), version=4)), weight / total) for weight in weights]


def _place(scenario: Scenario, tenants: list[Placed], nodes: int) -> tuple[Placement, Placement]:
    """Return the placement of a new cluster, and the same after rebalancing."""
    before = place(tenants, scenario.groups_per_node * nodes, nodes)
    return before, rebalance(before, scenario.isolations, scenario.tolerance)


def _nodes_needed(scenario: Scenario, tenants: list[Placed], capacity: float) -> int | None:
    """Return the least number of nodes of which none gets more than its capacity, or None."""
    if max(load for _, load in tenants) > capacity:
        return None  # one tenant is on one node
    fewest = math.ceil(1 / capacity)
    for nodes in range(fewest, fewest * _MORE_NODES + 1):
        if _place(scenario, tenants, nodes)[1].worst <= capacity + _ROUNDING:
            return nodes
    return None


def _check(scenario: Scenario) -> None:
    """Refuse numbers that describe no cluster."""
    demand, node = scenario.demand, scenario.node
    for name, number in (("requests", demand.requests), ("years", demand.years), ("GB of disk", node.disk_gb)):
        if not 0 < number < math.inf:
            raise StanchionError(f"The number of {name} must be positive, not {number:g}.")
