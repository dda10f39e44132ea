"""Seven errors that a cluster makes without a message do not happen. Each test also shows the error in its old form."""

import secrets
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import pq, sql

from tests.cluster.databases import Distributed
from tests.cluster.nodes import Node
from tests.sessions import Db

CLAIM = "select outcome from core.claim_key(%s, 'f')"


def once(conn: Db, tenant: str, statement: str, *values: Any) -> Any:
    """Run a statement in a transaction of the tenant, which reaches other nodes; return its first column."""
    with conn.transaction():
        conn.execute(sql.SQL("set local app.tenant_id = {}").format(sql.Literal(tenant)))
        return conn.execute(statement.encode(), values).fetchone()[0]


@pytest.fixture
def tenant(one_cluster: Distributed) -> str:
    return one_cluster.make_tenant(f"t{secrets.token_hex(4)}")


@pytest.fixture
def small(distributed: Distributed) -> Distributed:
    """Return a cluster where every session enters at the coordinator, and so reads and writes shards of workers."""
    with distributed.connect() as conn:
        conn.execute("update core.cluster set entry = 'coordinator'")
    return distributed


# -- a count of the rows that INSERT ... SELECT inserted ------------------------------------------


def test_a_key_is_claimed_once(one_cluster: Distributed, small: Distributed, tenant: str) -> None:
    remote = small.make_tenant("ours")
    for cluster, node, tenant_ in ((one_cluster, one_cluster.home(tenant), tenant), (small, small.coordinator, remote)):
        with cluster.acting(tenant_, node) as conn:
            outcomes = [once(conn, tenant_, CLAIM, "a key") for _ in range(4)]
        assert outcomes == ["claimed", "in_progress", "in_progress", "in_progress"]


def test_insert_select_counts_rows_that_it_did_not_insert(one_cluster: Distributed, tenant: str) -> None:
    """The old form of a claim. INSERT with RETURNING, or with VALUES, counts the inserted rows."""
    row = f"'{tenant}', 'a', timestamptz '2030-01-01'"
    columns, ignore = "insert into core.cooldown (tenant_id, action, taken_at)", "on conflict do nothing"
    with one_cluster.connect(one_cluster.home(tenant)) as conn:
        conn.execute(f"{columns} values ({row})")
        assert conn.execute(f"{columns} select {row} {ignore}").rowcount == 1  # the error
        assert conn.execute(f"{columns} values ({row}) {ignore}").rowcount == 0
        assert conn.execute(f"{columns} select {row} {ignore} returning 1").rowcount == 0
        assert conn.execute("select count(*) from core.cooldown where tenant_id = %s", [tenant]).fetchone() == (1,)


# -- the login of a session, in a function of the owner -------------------------------------------

FORGETFUL = """
    create function core.every_address() returns bigint language plpgsql security definer
    set search_path = pg_catalog, pg_temp as $$
    begin return (select count(distinct p.tenant_id) from core.principal as p); end;
    $$;
    alter function core.every_address() owner to stanchion_owner;
    grant execute on function core.every_address() to stanchion_app
"""
OLD_OPERATOR = """
    create or replace function core.is_operator() returns boolean language sql stable parallel safe
    return pg_has_role(session_user, 'stanchion_owner', 'member')
"""


def tenants_seen(cluster: Distributed, tenant: str, login: str) -> dict[str, tuple[int, int]]:
    """Return the tenants that the forgetful function sees per entry node: with a tenant, and with none."""
    nodes = {"coordinator": cluster.coordinator, "home": cluster.home(tenant), "other": cluster.other(tenant)}
    seen = {}
    for name, node in nodes.items():
        with cluster.connect(node, user=login) as conn:
            see = "select core.every_address()"
            seen[name] = (once(conn, tenant, see), once(conn, "", see))
    return seen


def test_forgetful_function_of_the_owner_sees_one_tenant(distributed: Distributed) -> None:
    """On another node, session_user is the owner of the function: core.is_operator() must not be true for it."""
    ours, theirs = (
        distributed.make_tenant(slug, home=node) for slug, node in zip("ab", distributed.workers, strict=True)
    )
    for tenant in (ours, theirs):
        with distributed.connect(distributed.home(tenant), options=f"-c app.tenant_id={tenant}") as conn:
            conn.execute("select core.add_member('m@example.org', 'M', 'owner')")
    login = distributed.make_login("stanchion_app")
    with distributed.connect() as conn:
        conn.execute(FORGETFUL)
        assert set(tenants_seen(distributed, ours, login).values()) == {(1, 0)}
        conn.execute(OLD_OPERATOR)
    assert max(tenants_seen(distributed, ours, login).values()) == (2, 2)  # the error


# -- SET LOCAL in a message of several statements -------------------------------------------------


def send(conn: Db, *statements: str) -> None:
    """Send the statements as one message, as psql -c does."""
    result = conn.pgconn.exec_("; ".join(statements).encode())
    assert result.status == pq.ExecStatus.COMMAND_OK, conn.pgconn.error_message.decode()


def written_rows(cluster: Distributed, tenant: str, *settings: str) -> int:
    """Write one row in a message that begins with these statements, and return the number of rows written."""
    key = secrets.token_hex(4)
    insert = (
        "insert into core.job (tenant_id, queue, payload, run_at, enqueued_at, actor) "
        f"values ('{tenant}', 'stock.orders', '\"{key}\"', '2030-01-01', '2030-01-01', 'x')"
    )
    with cluster.connect() as conn:
        send(conn, "begin", *settings, insert, "commit")
        count = "select count(*) from core.job where tenant_id = %s and payload #>> '{}' = %s"
        return int(conn.execute(count, [tenant, key]).fetchone()[0])


def test_core_set_local_in_a_message_writes_a_row_once(one_cluster: Distributed, tenant: str) -> None:
    assert written_rows(one_cluster, tenant, f"select core.set_local('app.tenant_id', '{tenant}')") == 1
    assert written_rows(one_cluster, tenant, f"set local app.tenant_id = '{tenant}'") == 2  # the error


# -- transaction ids, which are numbers of one node -----------------------------------------------

APPEND = "select core.append_events('t', %s, null, '[{\"type\": \"a\"}]')"
POLL = "select count(*) from core.poll_events('c', 100)"
UNGUARDED = """
    create or replace function core.tenant_to_write() returns uuid language plpgsql volatile parallel restricted
    set search_path = pg_catalog, pg_temp as $$ begin return core.required_tenant(); end; $$
"""


@pytest.fixture
def elsewhere(distributed: Distributed) -> Iterator[tuple[str, Node, Node]]:
    """Return a tenant, its home, and a node whose transaction ids are higher than those of the home."""
    tenant = distributed.make_tenant("ours", home=distributed.workers[0])
    home, other = distributed.workers[0], distributed.workers[1]

    def latest(node: Node) -> int:
        with distributed.connect(node) as conn:
            return int(conn.execute("select pg_current_xact_id()::text::bigint").fetchone()[0])

    burn = max(0, latest(home) + 100 - latest(other))
    with distributed.connect(other) as conn:
        conn.execute(f"do $$ begin for i in 1..{burn} loop perform pg_current_xact_id(); commit; end loop; end $$")
    yield tenant, home, other


def test_events_through_another_node_are_refused(distributed: Distributed, elsewhere: tuple[str, Node, Node]) -> None:
    tenant, home, other = elsewhere
    for node in (other, distributed.coordinator):
        with (
            distributed.acting(tenant, node) as conn,
            pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match=f"127.0.0.1:{home.port}"),
        ):
            once(conn, tenant, APPEND, "refused")
    with distributed.acting(tenant, home) as conn:
        once(conn, tenant, APPEND, "written")
        assert once(conn, tenant, POLL) == 1


def test_events_through_two_nodes_would_be_lost(distributed: Distributed, elsewhere: tuple[str, Node, Node]) -> None:
    """Without the refusal, a consumer that has read an event of one node misses the later ones of the other."""
    tenant, home, other = elsewhere
    with distributed.connect() as conn:
        conn.execute(UNGUARDED)
    with distributed.acting(tenant, other) as at_other, distributed.acting(tenant, home) as at_home:
        once(at_other, tenant, APPEND, "first")
        polled = once(at_other, tenant, POLL)
        once(at_home, tenant, APPEND, "second")
        polled += once(at_home, tenant, POLL) + once(at_other, tenant, POLL)
    with distributed.connect() as conn:
        events = conn.execute("select count(*) from core.event where tenant_id = %s", [tenant]).fetchone()[0]
    assert (events, polled) == (2, 1)  # the error


# -- restrictive policies --------------------------------------------------------------------------

RESTRICTIVE = """
    select n.nodeport, r.result
    from run_command_on_all_nodes($$
        select coalesce(string_agg(p.polname, ', '), '') from pg_policy as p where not p.polpermissive
    $$) as r
    inner join pg_dist_node as n on n.nodeid = r.nodeid
    where r.result <> ''
"""


def test_no_policy_is_restrictive(one_cluster: Distributed) -> None:
    with one_cluster.connect() as conn:
        assert conn.execute(RESTRICTIVE).fetchall() == []


def test_a_restrictive_policy_would_be_permissive_on_other_nodes(distributed: Distributed) -> None:
    with distributed.connect() as conn:
        conn.execute("create policy narrow on core.principal as restrictive for select using (false)")
        nodes = [port for port, _ in conn.execute(RESTRICTIVE).fetchall()]
    assert nodes == [distributed.coordinator.port]  # the error


# -- rows of a reference table, changed as the owner ----------------------------------------------

COPIES = "select result from run_command_on_all_nodes('select count(*) from core.tenant_config')"


def test_an_owner_without_a_tenant_would_change_one_copy_only(distributed: Distributed) -> None:
    """Elsewhere the login of the session is stanchion_owner, which is not an operator: policies hide the rows."""
    tenant = distributed.make_tenant("ours")
    set_tenant = "select core.set_local('app.tenant_id', %s)"
    for act, copies in ((set_tenant, {"0"}), ("select %s::text", {"0", "1"})):
        with distributed.connect(options=f"-c app.tenant_id={tenant}") as conn:
            conn.execute("select core.set_tenant_config('stock', 'queue_depth', '5')")
        with distributed.connect() as conn:
            with conn.transaction():
                conn.execute(act, [tenant])
                conn.execute("set local role stanchion_owner")
                conn.execute("delete from core.tenant_config where tenant_id = %s", [tenant])
            assert {count for (count,) in conn.execute(COPIES)} == copies  # the error, in the second round


# -- the tenant of a session, in a query that does not contain it ---------------------------------


def test_a_query_without_the_tenant_needs_a_transaction(one_cluster: Distributed, tenant: str) -> None:
    items = "select name from stock.item"
    with one_cluster.acting(tenant) as conn:
        conn.execute("select stock.add_item('Chair', 1, 1)")
        assert conn.execute(items).fetchall() == []  # the error
        assert conn.execute(f"{items} where tenant_id = %s", [tenant]).fetchall() == [("Chair",)]
        with conn.transaction():
            assert conn.execute(items).fetchall() == [("Chair",)]
