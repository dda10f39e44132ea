"""stanchion bench cluster --simulate: placement, rebalancing and sizing, without a server."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stanchion.dev.bench.placing import Group, Placed, Placement, hash_tenant, place, rebalance
from stanchion.dev.bench.simulate import Scenario, make_tenants, simulate
from stanchion.dev.bench.sizing import (
    CALLS,
    Demand,
    Node,
    Tables,
    count_connections,
    count_partitions,
    read_partition_sets,
    wal_per_day,
)
from tests.program import call_stanchion

HASHES = st.integers(-(2**31), 2**31 - 1)
TENANTS = st.lists(st.tuples(HASHES, st.floats(0.001, 1000)), min_size=1, max_size=60)
ONE_CALL = (CALLS[0].__class__("read", 1.0, 1.0, 100, "a test"),)


def held(placement: Placement) -> Counter[Placed]:
    return Counter(tenant for group in placement.groups for tenant in group.tenants)


def scenario(**changes: Any) -> Scenario:
    given: dict[str, Any] = {
        "tenants": 500, "exponent": 1.0, "seed": 7, "nodes": None, "groups_per_node": 4, "isolations": 20,
        "tolerance": 0.05, "by_month": True,
        "demand": Demand(1000, 0.5, 1_000_000, 2, ONE_CALL), "node": Node(1, 0.5, 1, 0.5, 1.0),
    }  # fmt: skip
    return Scenario(**(given | changes))


# Values of uuid_hash() of Postgres 18.
@pytest.mark.parametrize(
    ("tenant", "value"),
    [
        ("00000000-0000-0000-0000-000000000000", 1353656403),
        ("00000000-0000-0000-0000-000000000001", -1046387463),
        ("f4cfb8d5-b565-4b1b-a2e8-3c918ebc9c55", 485097679),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", -682383255),
    ],
)
def test_hash_of_a_tenant_equals_that_of_postgres(tenant: str, value: int) -> None:
    assert hash_tenant(UUID(tenant)) == value


def test_ranges_of_hashes_go_to_the_nodes_in_turn() -> None:
    """Four ranges of 2^30 hashes start at -2^31, -2^30, 0 and 2^30; both ends of a range belong to it."""
    tenants = [(-(2**31), 1.0), (-(2**30) - 1, 2.0), (-(2**30), 4.0), (-1, 8.0), (0, 16.0), (2**30, 32.0)]
    placed = place(tenants, shards=4, nodes=2)
    assert [(group.node, group.load) for group in placed.groups] == [(0, 3), (1, 12), (0, 16), (1, 32)]
    assert placed.loads == [19, 44]


def test_hashes_behind_the_last_full_range_belong_to_the_last_shard() -> None:
    placed = place([(2**31 - 1, 1.0)], shards=3, nodes=3)
    assert placed.loads == [0, 0, 1]


def test_rebalancing_moves_the_group_that_evens_out_two_nodes() -> None:
    """Loads 6 + 3 + 1 and 2: the group of 3 leaves 7 and 5, that of 6 would leave 4 and 8."""
    groups = tuple(Group(node, ((n, load),)) for n, (node, load) in enumerate([(0, 6.0), (0, 3.0), (0, 1.0), (1, 2.0)]))
    done = rebalance(Placement(2, groups), isolations=0, tolerance=0.2)
    assert (done.loads, done.moves, done.isolated) == ([7, 5], 1, 0)


def test_rebalancing_isolates_a_tenant_when_no_move_helps() -> None:
    """One group of 5 + 4 + 1 on the first of two nodes: the 5 becomes a group and one of the parts moves."""
    done = rebalance(Placement(2, (Group(0, ((1, 4.0), (2, 5.0), (3, 1.0))), Group(1, ()))), 3, 0)
    assert (done.loads, done.isolated) == ([5, 5], 1)
    assert [group.tenants for group in done.groups] == [((1, 4.0),), ((2, 5.0),), ((3, 1.0),), ()]


def test_tenants_of_the_same_hash_are_not_separated() -> None:
    done = rebalance(Placement(2, (Group(0, ((1, 4.0), (1, 5.0))), Group(1, ()))), 3, 0)
    assert (done.loads, done.isolated) == ([9, 0], 0)


@given(TENANTS, st.integers(1, 40), st.integers(1, 8), st.integers(0, 10), st.floats(0, 1))
@settings(max_examples=300, deadline=None)
def test_rebalancing_loses_no_tenant_and_makes_no_worst_node(
    tenants: list[Placed], shards: int, nodes: int, isolations: int, tolerance: float
) -> None:
    before = place(tenants, shards, nodes)
    after = rebalance(before, isolations, tolerance)
    assert held(before) == held(after) == Counter(tenants)
    assert math.isclose(sum(after.loads), sum(load for _, load in tenants), rel_tol=1e-9)
    assert after.worst <= before.worst * (1 + 1e-9)
    assert after.isolated <= isolations
    assert all(0 <= group.node < nodes for group in after.groups)
    # the ranges of hashes are still in order, and disjoint
    hashes = [value for group in after.groups for value, _ in group.tenants]
    assert hashes == sorted(hashes)
    ranges = [{value for value, _ in group.tenants} for group in after.groups]
    assert sum(map(len, ranges)) == len(set().union(*ranges))


@given(TENANTS, st.integers(2, 8))
@settings(max_examples=100, deadline=None)
def test_worst_node_has_at_least_the_largest_tenant_and_the_mean(tenants: list[Placed], nodes: int) -> None:
    after = rebalance(place(tenants, 4 * nodes, nodes), 20, 0)
    least = max(*(load for _, load in tenants), sum(load for _, load in tenants) / nodes)
    assert after.worst >= least * (1 - 1e-9)


def test_loads_follow_the_law_and_the_seed() -> None:
    tenants = make_tenants(3, 1.0, 5)
    assert [load for _, load in tenants] == pytest.approx([6 / 11, 3 / 11, 2 / 11])
    assert tenants == make_tenants(3, 1.0, 5) != make_tenants(3, 1.0, 6)


def test_equal_loads_need_the_nodes_that_their_cores_need() -> None:
    """1,000 requests of 1 ms use one core. A node may use half of its core: two nodes at perfect balance."""
    found = simulate(scenario(tenants=20_000, exponent=0.0, groups_per_node=8, demand=Demand(980, 1, 0, 1, ONE_CALL)))
    assert found.shares[0] == pytest.approx(500 / 980)
    assert found.needed == 2
    assert found.after.worst <= found.shares[0]


def test_needed_nodes_take_their_shares_and_one_less_is_too_few() -> None:
    options = scenario(demand=Demand(2000, 0.5, 1_000_000, 2, ONE_CALL), tenants=5000, exponent=0.8)
    found = simulate(options)
    assert found.needed is not None
    assert found.needed == found.nodes > 1
    assert found.after.worst <= min(found.shares) + 1e-9
    assert simulate(scenario(**{**vars(options), "nodes": found.needed - 1})).after.worst > min(found.shares)


def test_disk_limits_the_nodes_too() -> None:
    """A million events of 1,600 bytes need three disks of 1 GiB that are half full; the nodes are never quite even."""
    assert simulate(scenario(demand=Demand(1, 1, 300_000, 1, ONE_CALL))).needed == 1
    found = simulate(scenario(demand=Demand(1, 1, 1_000_000, 1, ONE_CALL), exponent=0.0, tenants=20_000))
    assert found.shares == (1.0, pytest.approx(2**29 / 1.6e9))
    assert found.needed == 3


def test_a_tenant_larger_than_a_node_is_refused_with_both_shares() -> None:
    outcome = call_stanchion(
        "bench",
        "cluster",
        "--simulate",
        "--exponent",
        "3",
        "--tenants",
        "1000",
        database_url="postgresql://localhost:1/x",
    )
    assert outcome.code == 1
    assert "the largest tenant has 83.2% of the load, and one node of 16 cores can take 18.8%" in outcome.err


def test_wal_is_that_of_the_calls_and_of_the_loads() -> None:
    """1,000 requests/s at half of the peak, 100 bytes each, and 1,000 events a day, 2,000 bytes each."""
    found = wal_per_day(Demand(1000, 0.5, 730_500, 2, ONE_CALL), 2000)
    assert found == pytest.approx(500 * 86_400 * 100 + 1000 * 2000)


def test_connections_grow_with_waiting_requests() -> None:
    """1,000 requests/s of 1 ms on half busy cores take 2 ms each, so 2 are active: the pool has 4, or 2 per core."""
    assert count_connections(Node(1, 0.5, 1, 1, 1.0), Demand(1000, 1, 0, 1, ONE_CALL), 1.0) == (4, 104)
    assert count_connections(Node(8, 0.5, 1, 1, 1.0), Demand(1000, 1, 0, 1, ONE_CALL), 1.0) == (16, 116)


@pytest.mark.parametrize(
    ("ahead", "kept", "by_month", "expected"),
    [(3, 2, True, 6), (7, 400, False, 408), (7, 400, True, 15), (1, None, False, 733), (1, None, True, 26)],
)
def test_partitions_of_two_years(ahead: int, kept: int | None, by_month: bool, expected: int) -> None:
    assert count_partitions(ahead, kept, 2, by_month) == expected


def test_shard_tables_multiply_tables_by_shard_groups() -> None:
    assert Tables(plain=40, partitioned=2, partitions=8, reference=10).per_node(4) == 210


def test_days_of_partitions_are_those_of_the_files() -> None:
    found = read_partition_sets()
    assert found["core.idempotency_key"] == (3, 2)
    assert found["contest.play_event"] == (1, None)
    assert not any(relation.startswith("ops.") for relation in found)


@pytest.fixture
def run() -> Callable[..., Any]:
    """Return a function that simulates a small cluster with options, with an address where no server is."""
    small = ("bench", "cluster", "--simulate", "--tenants", "2000")
    return lambda *args: call_stanchion(*small, *args, database_url="postgresql://localhost:1/x")


def test_json_contains_the_load_of_each_node(run: Callable[..., Any]) -> None:
    found = json.loads(run("--nodes", "5", "--json").out)
    assert len(found["load_before"]) == len(found["load_after"]) == found["nodes"] == 5
    assert sum(found["load_after"]) == pytest.approx(1)
    assert max(found["load_after"]) <= max(found["load_before"])
    assert found["calls"][1]["source"].startswith("claims: claim_key and complete_key")


def test_text_names_the_largest_tenant_the_costs_and_the_nodes(run: Callable[..., Any]) -> None:
    outcome = run("--nodes", "3", "--requests", "100", "--events", "1000")
    assert outcome.code == 0, outcome.err
    assert "2,000 tenants, Zipf exponent 1, seed 1. The largest tenant has 12.23% of the load" in outcome.out
    assert "One machine is enough: a cluster is not needed." in outcome.out
    assert "within the limit of 10,000" in outcome.out
    nodes = outcome.out.partition("node  before  after")[2].splitlines()[1:4]
    assert [line.split()[0] for line in nodes] == ["1", "2", "3"]


def test_partitions_by_day_exceed_the_limit_of_shard_tables(run: Callable[..., Any]) -> None:
    assert "over the limit of 10,000" in run("--nodes", "3", "--partitions", "day").out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--share", "read=0.5"), "The shares of the calls must add up to 1, not 0.5."),
        (("--share", "reed=1"), "'reed' is not a call; the calls are: read, claim, event, use, order."),
        (("--core-ms", "read=0"), "its core time must be positive, not 0.8 and 0 ms"),
        (("--core-ms", "read"), "'read' is not NAME=NUMBER, such as read=0.8."),
        (("--requests", "0"), "The number of requests must be positive, not 0."),
        (("--years", "inf"), "The number of years must be positive, not inf."),
        (("--share", "read=nan"), "The shares of the calls must add up to 1, not nan."),
    ],
)  # fmt: skip
def test_wrong_numbers_are_refused(run: Callable[..., Any], args: tuple[str, ...], message: str) -> None:
    outcome = run(*args)
    assert outcome.code in (1, 2)
    assert message in outcome.err


def test_other_costs_change_the_nodes_and_their_source(run: Callable[..., Any]) -> None:
    found = json.loads(run("--core-ms", "read=3", "--share", "read=1", "--nodes", "9", "--json").out)
    assert found["core_ms_per_request"] == 3
    assert found["calls"] == [{"name": "read", "share": 1.0, "core_ms": 3.0, "wal_bytes": 0, "source": "--core-ms"}]
