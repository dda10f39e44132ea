"""Nodes killed with SIGKILL at random moments lose nothing that was answered."""

import random

import pytest

from tests.cluster.databases import Distributed
from tests.cluster.kills import kill_nodes
from tests.cluster.work import Tenant


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("moments", [6, pytest.param(50, marks=pytest.mark.exhaustive)])
def test_killed_nodes_lose_nothing(moments: int, distributed: Distributed) -> None:
    report = kill_nodes(distributed, moments, seed := random.randrange(10**6))
    assert report.faults == [], f"seed {seed}: {report}"
    assert sum(len(tenant.answered) for tenant in report.work.tenants) > 50 * moments
    assert sum(len(tenant.orders) for tenant in report.work.tenants) > 10 * moments
    assert report.moves.done > moments / 10


def test_the_checks_find_lost_and_doubled_events(distributed: Distributed) -> None:
    tenant = Tenant.make(distributed, "planted", 0)
    with distributed.acting(tenant.id, login=tenant.login) as conn:
        for number in range(4):
            tenant.claim_and_append(conn, f"claim_and_append 0 {number}")
        tenant.buy(conn, "an order")
    assert list(tenant.faults()) == []
    tenant.orders.append("an order that never was")
    with distributed.connect(distributed.home(tenant.id)) as conn:
        conn.execute("delete from core.event where tenant_id = %s and stream_id = 's0'", [tenant.id])
        double = "update core.event set payload = %s where tenant_id = %s and stream_id = 's1'"
        conn.execute(double, ['"claim_and_append 0 3"', tenant.id])
    assert sorted(tenant.faults()) == [
        "event claim_and_append 0 0 was answered and does not exist",
        "event claim_and_append 0 1 was answered and does not exist",
        "key claim_and_append 0 0 is claimed 1 times and has 0 events",
        "key claim_and_append 0 1 is claimed 1 times and has 0 events",
        "key claim_and_append 0 3 is claimed 1 times and has 2 events",
        "order an order that never was was answered and does not exist",
    ]
