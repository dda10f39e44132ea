"""Tenants are isolated on every node of a cluster, also by the names of shards."""

import secrets

import psycopg
import pytest
from psycopg import sql

from tests.cluster.databases import Distributed
from tests.cluster.nodes import Node
from tests.sessions import Db

SHARDS = """
    select format('%I.%I', n.nspname, c.relname), c.oid::bigint
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and c.relname ~ '_1[0-9]{5,}$'
        and exists (select from pg_dist_shard as s where s.shardid = substring(c.relname from '[0-9]+$')::bigint)
    order by 1
"""
# properties of a table that isolate its tenants, as text
FENCE = """
    select concat_ws(
        ' ', c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner),
        (
            select string_agg(
                concat_ws(
                    ' ', p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[],
                    pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
                ),
                '; ' order by p.polname
            )
            from pg_policy as p where p.polrelid = c.oid
        ),
        (select string_agg(x::text, ', ' order by x::text) from unnest(c.relacl) as x),
        (
            select string_agg(concat_ws(' ', a.attname, x), ', ' order by a.attnum, x::text)
            from pg_attribute as a, unnest(a.attacl) as x where a.attrelid = c.oid
        )
    )
    from pg_class as c where c.oid = %s
"""


REFUSED = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.FeatureNotSupported,
    psycopg.errors.InternalError,
)


@pytest.fixture
def two(one_cluster: Distributed) -> tuple[str, str]:
    """Return two tenants of different workers, each with a member, an item, a job and an event."""
    made = []
    for node in one_cluster.workers:
        tenant = one_cluster.make_tenant(f"t{secrets.token_hex(4)}", home=node)
        with one_cluster.connect(node, options=f"-c app.tenant_id={tenant}") as conn:
            conn.execute("select core.add_member('m@example.org', 'M', 'owner'), stock.add_item('Chair', 1, 1)")
            conn.execute("select core.enqueue('stock.orders', '{}')")
            conn.execute("select core.append_events('t', 's', null, '[{\"type\": \"a\"}]')")
        made.append(tenant)
    return made[0], made[1]


def shards(conn: Db) -> list[tuple[str, int]]:
    """Return the tables of shards on a node, which Citus hides from ordinary sessions."""
    conn.execute("set citus.override_table_visibility = off")
    return conn.execute(SHARDS).fetchall()


def fence(conn: Db, relation: int) -> str:
    return str(conn.execute(FENCE, [relation]).fetchone()[0])


@pytest.mark.parametrize("worker", [0, 1])
def test_a_shard_has_the_policies_and_rights_of_its_table(worker: int, one_cluster: Distributed) -> None:
    different = []
    with one_cluster.connect(one_cluster.workers[worker]) as conn:
        found = shards(conn)
        for name, relation in found:
            table = name[: name.rindex("_")].replace('"', "")
            (shell,) = conn.execute("select %s::regclass::oid::bigint", [table]).fetchone()
            expected = fence(conn, shell)
            if fence(conn, relation) != expected:
                different.append(f"{name}: {fence(conn, relation)} instead of {expected}")
    assert len(found) > 200
    assert different == []


@pytest.mark.parametrize("role", ["app", "loader", "analyst"])
def test_a_login_reads_no_other_tenant_by_the_name_of_a_shard(
    role: str, one_cluster: Distributed, two: tuple[str, str]
) -> None:
    """Reading a shard by its name is either not permitted, or filtered by the policies of its table."""
    login = one_cluster.make_login(f"stanchion_{role}")
    ours, theirs = two
    read, leaks = 0, []
    for node in one_cluster.workers:
        with one_cluster.connect(node) as superuser:
            tables = shards(superuser)
        with one_cluster.connect(node, user=login) as conn:
            for name, _ in tables:
                for tenant in (ours, ""):
                    read += count(conn, name, tenant, theirs, leaks, node)
    assert leaks == []
    if role == "app":
        assert read > 0, "the test must read rows of its own tenant"


def count(conn: Db, name: str, tenant: str, other: str, leaks: list[str], node: Node) -> int:
    """Return the number of rows that the login sees; note those of another tenant."""
    try:
        with conn.transaction():
            conn.execute(sql.SQL("set local app.tenant_id = {}").format(sql.Literal(tenant)))
            rows = conn.execute(f"select to_jsonb(t) ->> 'tenant_id' from {name} as t").fetchall()
    except psycopg.errors.InsufficientPrivilege:
        return 0
    if any(owner == other or (owner and not tenant) for (owner,) in rows):
        leaks.append(f"{name} on {node.port} with the tenant {tenant or 'not set'}")
    return len(rows)


def test_a_login_writes_no_shard(one_cluster: Distributed, two: tuple[str, str]) -> None:
    ours, _ = two
    home = one_cluster.home(ours)
    with one_cluster.connect(home) as superuser:
        names = [name for name, _ in shards(superuser) if name.startswith(("core.cooldown_", "workspace.favourite_"))]
    assert names
    login = one_cluster.make_login("stanchion_app")
    with one_cluster.connect(home, user=login, options=f"-c app.tenant_id={ours}") as conn:
        for name in names:
            for statement in (
                f"delete from {name}",
                f"truncate {name}",
                f"insert into {name} (tenant_id) values ('{ours}')",
            ):
                with pytest.raises(REFUSED):
                    conn.execute(statement)


@pytest.mark.parametrize(
    "call",
    [
        "citus_add_node('127.0.0.1', 1)",
        "citus_remove_node('127.0.0.1', 1)",
        "citus_rebalance_start()",
        "undistribute_table('core.principal')",
        "truncate_local_data_after_distributing_table('core.principal')",
    ],
)
def test_a_login_changes_no_cluster(call: str, one_cluster: Distributed) -> None:
    login = one_cluster.make_login("stanchion_app")
    for node in (one_cluster.coordinator, one_cluster.workers[0]):
        with one_cluster.connect(node, user=login) as conn, pytest.raises(psycopg.Error):
            conn.execute(f"select {call}")


def test_a_login_runs_commands_on_other_nodes_as_itself(one_cluster: Distributed, two: tuple[str, str]) -> None:
    """A command that Citus sends to every node has the rights and the policies of the login that sent it."""
    login = one_cluster.make_login("stanchion_app")
    with one_cluster.connect(user=login) as conn:
        found = conn.execute(
            "select result from run_command_on_workers('select count(*) from core.principal')"
        ).fetchall()
    assert set(found) == {("0",)}
