"""Databases over the nodes of a cluster: deployed and distributed once, and copied for each test.

A template is copied on every node: its metadata names nodes by host and port, and relations by ids that a copy keeps.
A copy needs 0.4 seconds; deploying and distributing need fifteen.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from stanchion.cluster.nodes import Node as Address
from stanchion.cluster.run import Target, add_node, run
from stanchion.deploy.modules import discover
from stanchion.deploy.runner import deploy, plan_deploy
from stanchion.partitions.ahead import make_due_partitions
from stanchion.paths import ROOT
from stanchion.server.locate import Server
from tests.cluster.nodes import SHARDS, Node, Nodes
from tests.sessions import Db

DEPLOYED, DISTRIBUTED, ONE_HOME = "deployed", "distributed", "one_home"  # templates

END_SESSIONS = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s"
SUBSCRIPTIONS = """
    select s.subname from pg_subscription as s inner join pg_database as d on d.oid = s.subdbid where d.datname = %s
"""
HOME = """
    select n.nodeport
    from pg_dist_placement as p
    inner join pg_dist_node as n on n.groupid = p.groupid and n.noderole = 'primary'
    where p.shardid = get_shard_id_for_distribution_column('core.principal', %s::uuid)
"""

# the days of the tests; tables with partitions of months need few partitions for some more days
MAKE_DAYS = """
    select core.ensure_partitions(
        s.relation::regclass, '2030-01-01', case when s.span = 'month' then date '2030-03-02' else '2030-01-10' end
    )
    from core.partition_set as s
"""
STAND_INS = """
    create table core.partition_set (relation text);
    create function core.ensure_partitions(p_relation regclass, p_from date, p_to date) returns integer
    language sql return 0;
    create function core.ensure_due_partitions() returns integer language sql return 0;
"""


@dataclass
class Distributed:
    """One database over all nodes."""

    nodes: Nodes
    name: str

    @property
    def coordinator(self) -> Node:
        return self.nodes.coordinator

    @property
    def workers(self) -> list[Node]:
        return list(self.nodes.workers)

    def dsn(self, node: Node, **options: str) -> str:
        return node.dsn(self.name, **options)

    def connect(self, node: Node | None = None, **options: str) -> Db:
        """Open an autocommit connection to a node, by default a superuser's to the coordinator."""
        return (node or self.coordinator).connect(self.name, **options)

    def home(self, tenant: str) -> Node:
        """Return the node that has the shards of the tenant."""
        with self.connect() as conn:
            (port,) = conn.execute(HOME, [tenant]).fetchone()
        return self.nodes.at(port)

    def other(self, tenant: str) -> Node:
        """Return a worker that has no shard of the tenant."""
        home = self.home(tenant)
        return next(node for node in self.workers if node is not home)

    def make_tenant(self, slug: str, kind: str = "league", home: Node | None = None) -> str:
        """Create a tenant, whose shards are on the given node."""
        while True:
            with self.connect() as conn, conn.transaction():
                (tenant,) = conn.execute("select core.create_tenant(%s, %s, %s)", [slug, slug, kind]).fetchone()
                (port,) = conn.execute(HOME, [tenant]).fetchone()
                if home and home.port != port:
                    raise psycopg.Rollback
                return str(tenant)

    def make_login(self, *roles: str) -> str:
        """Create a login with these roles on every node, and return its name."""
        name = f"login_{secrets.token_hex(4)}"
        with self.connect() as conn:
            conn.execute(f"create role {name} login")
            for role in roles:
                conn.execute(f"grant {role} to {name}")
        return name

    def app_dsn(self, tenant: str, node: Node | None = None, login: str | None = None) -> str:
        """Return the connection string of an application of the tenant, by default at the home of the tenant."""
        options = f"-c app.tenant_id={tenant}"
        return self.dsn(node or self.home(tenant), user=login or self.make_login("stanchion_app"), options=options)

    @contextmanager
    def acting(self, tenant: str, node: Node | None = None, login: str | None = None) -> Iterator[Db]:
        """Open a session of an application of the tenant, by default at the home of the tenant."""
        with psycopg.connect(self.app_dsn(tenant, node, login), autocommit=True) as conn:
            yield conn


def copy(nodes: Nodes, template: str, name: str) -> None:
    """Copy a database on every node."""

    def copy_on(node: Node) -> None:
        with node.connect("postgres") as conn:
            while True:
                # the maintenance daemon of the extension is a session in the template
                conn.execute(END_SESSIONS, [template])
                try:
                    conn.execute(f"create database {name} template {template} strategy file_copy")
                    break
                except psycopg.errors.ObjectInUse:
                    time.sleep(0.02)
            # settings and privileges of a database are not copied with it
            for (setting,) in conn.execute(
                "select unnest(s.setconfig) from pg_db_role_setting as s inner join pg_database as d "
                "on d.oid = s.setdatabase where s.setrole = 0 and d.datname = %s",
                [template],
            ).fetchall():
                key, _, value = setting.partition("=")
                conn.execute(
                    sql.SQL("alter database {} set {} = {}").format(
                        sql.Identifier(name), sql.SQL(key), sql.Literal(value)
                    )
                )
            if conn.execute("select to_regrole('stanchion_owner') is not null").fetchone()[0]:
                conn.execute(f"grant create on database {name} to stanchion_owner")

    nodes.each(copy_on)


def drop(nodes: Nodes, name: str) -> None:
    """Drop a database on every node."""

    def drop_on(node: Node) -> None:
        with node.connect("postgres") as conn:
            # a move that failed leaves its subscription, with which a database cannot be dropped
            if conn.execute(SUBSCRIPTIONS, [name]).fetchall():
                _drop_subscriptions(node, name)
            conn.execute(f"drop database if exists {name} with (force)")

    nodes.each(drop_on)


def _drop_subscriptions(node: Node, name: str) -> None:
    with node.connect(name) as conn:
        for (subscription,) in conn.execute(SUBSCRIPTIONS, [name]).fetchall():
            for change in ("alter subscription {} disable", "alter subscription {} set (slot_name = none)"):
                conn.execute(sql.SQL(change).format(sql.Identifier(subscription)))
            conn.execute(sql.SQL("drop subscription {}").format(sql.Identifier(subscription)))


@contextmanager
def copied(nodes: Nodes, template: str) -> Iterator[Distributed]:
    """Yield a copy of a template, which is dropped at the end."""
    name = f"copy_{secrets.token_hex(4)}"
    copy(nodes, template, name)
    try:
        yield Distributed(nodes, name)
    finally:
        drop(nodes, name)


def make_templates(nodes: Nodes) -> None:
    """Deploy once on the coordinator, then distribute a copy."""
    nodes.each(lambda node: _create(node, DEPLOYED))
    with nodes.coordinator.connect(DEPLOYED) as conn:
        deploy(conn, plan_deploy(conn, discover(ROOT)), lambda step: None)
        make_due_partitions(conn)
    copy(nodes, DEPLOYED, DISTRIBUTED)
    distribute(Distributed(nodes, DISTRIBUTED))


def make_one_home(nodes: Nodes) -> None:
    """Distribute one more copy, in which the first worker has every shard."""
    copy(nodes, DEPLOYED, ONE_HOME)
    database = Distributed(nodes, ONE_HOME)
    distribute(database, homes=1)
    _make_days_of_tests(database)


def _make_days_of_tests(database: Distributed) -> None:
    """Make the partitions that tests create, which only the coordinator can, with stand-ins at the first worker.

    The worker has neither core.partition_set nor the functions that create partitions.
    """
    with database.connect() as conn:
        conn.execute(MAKE_DAYS)
        relations = conn.execute("select relation from core.partition_set order by relation").fetchall()
    with database.connect(database.workers[0], options="-c citus.enable_ddl_propagation=off") as conn:
        conn.execute(STAND_INS)
        conn.cursor().executemany("insert into core.partition_set values (%s)", relations)


def _create(node: Node, name: str) -> None:
    with node.connect("postgres") as conn:
        conn.execute(f"create database {name}")


def distribute(database: Distributed, entry: str = "node", homes: int = 2) -> None:
    """Distribute a deployed database, as `stanchion cluster run` does; the first workers get the shards."""
    coordinator, *workers = [Address("127.0.0.1", node.port) for node in database.nodes.nodes]
    server = Server(database.dsn(database.coordinator), "--dsn", embedded=False, description="the coordinator")
    with database.connect() as conn:
        run(server, conn, Target(tuple(workers[:homes]), coordinator, SHARDS, entry), lambda step: None)
        for worker in workers[homes:]:
            add_node(server, conn, worker, lambda step: None)
