"""A session that repeats calls does not grow: Citus 14.0.1 keeps one more plan at each execution of a generic plan."""

import secrets

import pytest

from tests.cluster.databases import Distributed

CALLS = 150
ALLOWED = 1_000_000  # bytes; one kept plan has 25 to 50 kB

CALL = {
    "claim_key": "select core.claim_key('key {n}', 'f')",
    "append_events": "select core.append_events('t', 's', null, '[{{\"type\": \"a\"}}]')",
    "poll_events": "select count(*) from core.poll_events('c', 10)",
    "cooldown_start": "select core.cooldown_start('{n}', interval '1 hour')",
    "enqueue": "select core.enqueue('contest.confirm', '{{}}')",
}
SIZE = "select sum(total_bytes) from pg_backend_memory_contexts"


@pytest.mark.parametrize("name", CALL)
def test_repeated_calls_keep_no_plans(one_cluster: Distributed, name: str) -> None:
    tenant = one_cluster.make_tenant(f"m{secrets.token_hex(3)}")
    with one_cluster.connect(one_cluster.home(tenant), options=f"-c app.tenant_id={tenant}") as conn:
        for number in range(2 * CALLS):
            conn.execute(CALL[name].format(n=number), prepare=False)
            if number == CALLS:
                before = conn.execute(SIZE).fetchone()[0]
        assert conn.execute(SIZE).fetchone()[0] - before < ALLOWED


def test_prepared_statements_of_clients_keep_no_plans(one_cluster: Distributed) -> None:
    tenant = one_cluster.make_tenant(f"m{secrets.token_hex(3)}")
    read = "select display_name from core.principal where tenant_id = %s and email = 'm@example.org'"
    with one_cluster.connect(one_cluster.home(tenant), options=f"-c app.tenant_id={tenant}") as conn:
        for number in range(2 * CALLS):
            conn.execute(read, [tenant], prepare=True)
            if number == CALLS:
                before = conn.execute(SIZE).fetchone()[0]
        assert conn.execute(SIZE).fetchone()[0] - before < ALLOWED
