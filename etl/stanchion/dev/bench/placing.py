"""Place tenants on the nodes of a cluster as Citus does, and rebalance the nodes by load.

A table is distributed by the hash of the tenant id. The hashes are divided into ranges of equal length. The shards of
all tables for one range are on one node and move together: a shard group. Nothing here needs a server.
"""

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter
from uuid import UUID

_FIRST_HASH, _HASHES = -(2**31), 2**32
_WORD = 2**32 - 1
_SEED = 0x9E3779B9 + 16 + 3923095  # 16 is the length of a UUID in bytes
_MIXING = (4, 6, 8, 16, 19, 4)
_FINAL = (14, 11, 25, 16, 4, 14, 24)
_LEAST_GAIN = 0.001  # share of the mean load of a node by which a move must relieve the fuller node

Placed = tuple[int, float]  # the hash of a tenant, and its load


def hash_tenant(tenant: UUID) -> int:
    """Return the hash of a tenant id: the result of Postgres' uuid_hash, which Citus compares with the shard ranges."""
    words: tuple[int, ...] = struct.unpack("<4I", tenant.bytes)
    first, second, third, fourth = words
    x, y, z = _SEED + first & _WORD, _SEED + second & _WORD, _SEED + third & _WORD
    for bits in _MIXING:
        x = (x - z & _WORD) ^ (z << bits & _WORD | z >> 32 - bits)
        x, y, z = y, z + y & _WORD, x
    w, z, x = x + fourth & _WORD, y, z
    for bits in _FINAL:
        x = (x ^ z) - (z << bits & _WORD | z >> 32 - bits) & _WORD
        x, z, w = w, x, z
    return z - _HASHES if z >= 2**31 else z


@dataclass(frozen=True)
class Group:
    """A shard group: its node, and its tenants in the order of their hashes."""

    node: int
    tenants: tuple[Placed, ...]
    load: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "load", sum(load for _, load in self.tenants))

    def moved_to(self, node: int) -> "Group":
        return Group(node, self.tenants)


@dataclass(frozen=True)
class Placement:
    """Shard groups on nodes, and the steps that led from the initial placement to this one."""

    nodes: int
    groups: tuple[Group, ...]
    moves: int = 0
    isolated: int = 0

    @property
    def loads(self) -> list[float]:
        """Return the load of each node."""
        loads = [0.0] * self.nodes
        for group in self.groups:
            loads[group.node] += group.load
        return loads

    @property
    def worst(self) -> float:
        """Return the load of the node that has most of it."""
        return max(self.loads)


def place(tenants: Iterable[Placed], shards: int, nodes: int) -> Placement:
    """Divide the hashes into `shards` ranges of equal length, and give the ranges to the nodes in turn."""
    ordered = sorted(tenants)
    step = _HASHES // shards
    starts = [_FIRST_HASH + number * step for number in range(shards)]
    cuts = [bisect_left(ordered, start, key=itemgetter(0)) for start in starts[1:]]
    slices = zip([0, *cuts], [*cuts, len(ordered)], strict=True)
    return Placement(nodes, tuple(Group(n % nodes, tuple(ordered[a:b])) for n, (a, b) in enumerate(slices)))


def rebalance(placement: Placement, isolations: int, tolerance: float) -> Placement:
    """Move shard groups from the fullest node, and isolate its hottest tenants when no move relieves it.

    `isolations` is the largest number of tenants to isolate. The work ends when the fullest node has at most
    1 + `tolerance` of the mean. The result is the best placement on the way, so it is never worse than the first one.
    """
    limit = sum(placement.loads) / placement.nodes * (1 + tolerance)
    best = current = _move(placement, limit)
    while current.worst > limit and current.isolated < isolations:
        isolated = _isolate(current)
        if isolated is None:
            break
        current = _move(isolated, limit)
        if current.worst < best.worst:
            best = current
    return best if best.worst < placement.worst else placement


def _move(placement: Placement, limit: float) -> Placement:
    """Move groups from the fullest node to the emptiest one, while that relieves the fullest node."""
    groups, loads, moves = list(placement.groups), placement.loads, placement.moves
    least_gain = _LEAST_GAIN * sum(loads) / placement.nodes
    while max(loads) > limit:
        full, empty = loads.index(max(loads)), loads.index(min(loads))
        # the fuller one of the two nodes after each possible move
        after = {
            number: max(loads[full] - group.load, loads[empty] + group.load)
            for number, group in enumerate(groups)
            if group.node == full
        }
        chosen = min(after, key=lambda number: (after[number], number))
        if after[chosen] >= loads[full] - least_gain:
            break
        loads[full] -= groups[chosen].load
        loads[empty] += groups[chosen].load
        groups[chosen] = groups[chosen].moved_to(empty)
        moves += 1
    return Placement(placement.nodes, tuple(groups), moves, placement.isolated)


def _isolate(placement: Placement) -> Placement | None:
    """Give the hottest tenant of the fullest node a group of its own. Return None when all of them have one."""
    full = placement.loads.index(placement.worst)
    hottest = [
        (load, number, value)
        for number, group in enumerate(placement.groups)
        if group.node == full and group.tenants[:1] and group.tenants[0][0] != group.tenants[-1][0]
        for value, load in [max(group.tenants, key=itemgetter(1))]
    ]
    if not hottest:
        return None
    _, number, value = max(hottest)
    group = placement.groups[number]
    # tenants with the same hash cannot be separated, so they stay together
    first, behind = (cut(group.tenants, value, key=itemgetter(0)) for cut in (bisect_left, bisect_right))
    parts = (group.tenants[:first], group.tenants[first:behind], group.tenants[behind:])
    # Citus keeps the range of hashes before the tenant and the range after it as shards, even without tenants
    groups = (*placement.groups[:number], *(Group(full, part) for part in parts), *placement.groups[number + 1 :])
    return Placement(placement.nodes, groups, placement.moves, placement.isolated + 1)
