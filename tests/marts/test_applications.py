"""An application reads the marts of the tenant of its transaction, and of no other."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from stanchion.access.logins import create_login, drop_login
from stanchion.audit.rules import RULES, broken
from tests.conftest import Cluster
from tests.marts.platform import Platform
from tests.marts.test_isolation import names
from tests.replicas.pooler import pooling

Count = dict[str, int]
LOGIN, GATEWAY, PERSON = "marts_app", "marts_gateway", "marts_web_user"
AS_GATEWAY = "select set_config('role', %s, true), set_config('request.jwt.claims', %s, true)"


@pytest.fixture
def dsn_of_app(built: Platform) -> Iterator[str]:
    password = create_login(built.conn, LOGIN, "stanchion_app")
    yield make_conninfo(built.server.dsn, user=LOGIN, password=password)
    drop_login(built.conn, LOGIN)


@pytest.fixture
def app(dsn_of_app: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(dsn_of_app, autocommit=True) as conn:
        yield conn


@pytest.fixture
def gateway(built: Platform) -> Iterator[psycopg.Connection[Any]]:
    """Connection of a gateway such as PostgREST: a login that becomes another role in each transaction."""
    built.conn.execute(f"create role {PERSON} nologin in role stanchion_app")
    built.conn.execute(f"create role {GATEWAY} login noinherit password 'gateway' in role {PERSON}")
    try:
        dsn = make_conninfo(built.server.dsn, user=GATEWAY, password="gateway")
        with psycopg.connect(dsn, autocommit=True) as conn:
            yield conn
    finally:
        built.conn.execute(f"drop role {GATEWAY}; drop role {PERSON}")


def tenants(platform: Platform) -> dict[str, str]:
    return {row["slug"]: str(row["tenant_id"]) for row in platform.rows("select slug, tenant_id from core.tenant")}


def count(conn: psycopg.Connection[Any], marts: list[str]) -> Count:
    """Return the number of rows of each mart that the transaction sees."""
    parts = [sql.SQL("select {}, count(*) from marts.{}").format(mart, sql.Identifier(mart)) for mart in marts]
    return dict(conn.execute(sql.SQL(" union all ").join(parts)).fetchall())


def truth(platform: Platform, slug: str, marts: list[str]) -> Count:
    """Return the number of rows of each mart that belong to a tenant."""
    tenant = tenants(platform)[slug]
    return {
        mart: platform.rows(f"select count(*) as n from marts.{mart} where tenant_id = %s", tenant)[0]["n"]
        for mart in marts
    }


def claims(tenant: str, key: str = "tenant_id") -> str:
    return json.dumps({"role": PERSON, "app_metadata": {key: tenant}})


def test_an_application_reads_the_tenant_of_its_transaction(built: Platform, app: psycopg.Connection[Any]) -> None:
    marts, ids = names(built), tenants(built)
    assert len(marts) >= 24
    for slug in ("ours", "theirs", "nobody"):
        expected = truth(built, slug, marts)
        assert slug == "nobody" or all(expected.values()), "each mart must contain two tenants"
        with app.transaction():
            app.execute("select core.set_local('app.tenant_id', %s)", [ids[slug]])
            assert count(app, marts) == expected
        assert set(count(app, marts).values()) == {0}, "the tenant must end with its transaction"


def test_an_application_cannot_write_marts_or_read_their_sources(built: Platform, app: psycopg.Connection[Any]) -> None:
    parts = built.rows("select relname from pg_class where relnamespace = 'mart_parts'::regnamespace and relkind = 'r'")
    refused = (
        "delete from marts.fact_event",
        "update marts.dim_team set team_name = ''",
        "insert into marts.dim_team (tenant_id, team_key) select tenant_id, 'x' from core.tenant",
        "truncate marts.dim_team",
        "select from staging.int_game",
        "select from staging.stg_contest__fixture",
        f"select from mart_parts.{parts[0]['relname']}",
        "select position from core.stat_refresh",
    )
    for statement in refused:
        with pytest.raises(psycopg.errors.InsufficientPrivilege), app.transaction():
            app.execute("select core.set_local('app.tenant_id', %s)", [tenants(built)["ours"]])
            app.execute(statement.encode())


@pytest.mark.parametrize("role", ["stanchion_loader", "stanchion_worker"])
def test_no_other_program_reads_the_marts(built: Platform, role: str) -> None:
    for mart in names(built):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), built.conn.transaction(force_rollback=True):
            built.conn.execute(f"set local role {role}".encode())
            built.conn.execute(f"select from marts.{mart}".encode())


@pytest.mark.parametrize("key", ["tenant_id", "org_id"])
def test_a_gateway_reads_the_tenant_of_the_token(built: Platform, gateway: psycopg.Connection[Any], key: str) -> None:
    """A gateway such as PostgREST or Supabase sets the role and the claims of the verified token."""
    marts, ids = names(built), tenants(built)
    for slug in ("ours", "theirs"):
        with gateway.transaction():
            gateway.execute(AS_GATEWAY, [PERSON, claims(ids[slug], key)])
            assert count(gateway, marts) == truth(built, slug, marts)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        count(gateway, marts)  # without the role of a token


@pytest.mark.parametrize(
    "token",
    [
        "",
        "{",
        "null",
        "[]",
        '{"app_metadata": {}}',
        '{"tenant_id": "TENANT"}',
        '{"user_metadata": {"tenant_id": "TENANT"}}',
    ],
)
def test_a_token_without_a_tenant_reads_no_row(built: Platform, gateway: psycopg.Connection[Any], token: str) -> None:
    """The claim user_metadata is written by the user of Supabase, so it names no tenant."""
    with gateway.transaction():
        gateway.execute(AS_GATEWAY, [PERSON, token.replace("TENANT", tenants(built)["ours"])])
        assert set(count(gateway, names(built)).values()) == {0}


BREAKS = {
    "drop policy own_tenant on marts.dim_team": ("sources_of_marts_are_hidden", "grants_have_policies"),
    "alter policy own_tenant on marts.dim_team using (true)": ("policies_compare_the_tenant",),
    "alter policy own_tenant on marts.dim_team to public": ("policies_compare_the_tenant", "grants_have_policies"),
    "grant usage on schema mart_parts to stanchion_app": ("partitions_are_hidden",),
}


@pytest.mark.slow
def test_the_rules_find_each_broken_policy_of_applications(built: Platform) -> None:
    for statement, rules in BREAKS.items():
        for rule in rules:
            assert broken(built.conn, RULES / f"{rule}.sql") == []
            with built.conn.transaction(force_rollback=True):
                built.conn.execute(statement.encode())
                assert broken(built.conn, RULES / f"{rule}.sql"), (statement, rule)


def test_an_older_mart_gets_the_policy_and_the_grant_with_the_next_build(built: Platform) -> None:
    built.conn.execute("drop policy own_tenant on marts.dim_team; revoke select on marts.dim_team from stanchion_app")
    built.conn.execute("update core.stat_refresh set definition = 'older' where model = 'marts.dim_team'")
    built.build("dim_team", test=False)
    assert broken(built.conn, RULES / "sources_of_marts_are_hidden.sql") == []
    assert built.rows("select has_table_privilege('stanchion_app', 'marts.dim_team', 'select') as has") == [
        {"has": True}
    ]


def test_planner_settings_are_those_of_an_analyst_and_end_with_the_transaction(
    app: psycopg.Connection[Any], analyst: psycopg.Connection[Any]
) -> None:
    statement = "select name, setting from pg_settings where name like 'enable\\_%' or name = 'jit'"
    before, expected = (dict(conn.execute(statement).fetchall()) for conn in (app, analyst))
    assert before != expected
    with app.transaction():
        app.execute("select core.plan_for_marts()")
        assert dict(app.execute(statement).fetchall()) == expected
    assert dict(app.execute(statement).fetchall()) == before


class Client(threading.Thread):
    """A client of the pooler that reads marts for one tenant after another, and notes wrong counts."""

    def __init__(self, dsn: str, expected: dict[str, Count], with_token: bool) -> None:
        super().__init__(daemon=True)
        self.dsn, self.expected, self.with_token = dsn, expected, with_token
        self.wrong: list[Any] = []

    def run(self) -> None:
        try:
            with psycopg.connect(self.dsn, autocommit=True, prepare_threshold=None) as conn:
                for number in range(40):
                    self._read(conn, list(self.expected)[number % len(self.expected)])
        except psycopg.Error as e:
            self.wrong.append(str(e))

    def _read(self, conn: psycopg.Connection[Any], tenant: str) -> None:
        marts = list(self.expected[tenant])
        with conn.transaction():
            left = count(conn, marts)  # rows of the tenant of the client before
            if self.with_token:
                conn.execute("select set_config('request.jwt.claims', %s, true)", [claims(tenant)])
            else:
                conn.execute("select core.set_local('app.tenant_id', %s)", [tenant])
            seen = count(conn, marts)
        if any(left.values()) or seen != self.expected[tenant]:
            self.wrong.append((left, seen))


@pytest.mark.slow
@pytest.mark.debian
def test_clients_of_a_pooler_read_only_their_own_tenants(built: Platform, cluster: Cluster, dsn_of_app: str) -> None:
    marts, ids = ["dim_team", "fact_event", "standings"], tenants(built)
    expected = {ids[slug]: truth(built, slug, marts) for slug in ("ours", "theirs", "nobody")}
    with pooling(cluster, dsn_of_app, sessions=2) as pooler:
        clients = [Client(pooler.dsn(dsn_of_app), expected, bool(number % 2)) for number in range(8)]
        for client in clients:
            client.start()
        for client in clients:
            client.join(120)
        sessions = built.rows("select count(*) as n from pg_stat_activity where usename = %s", LOGIN)[0]["n"]
    assert [client.wrong for client in clients] == [[]] * 8
    assert 1 <= sessions <= 2, "eight clients must share two sessions"


def test_a_client_that_sets_the_tenant_for_the_session_would_leak(
    app: psycopg.Connection[Any], built: Platform
) -> None:
    """Shows that the test of the pooler can fail: a setting that is not local stays for the next client."""
    app.execute("select set_config('app.tenant_id', %s, false)", [tenants(built)["ours"]])
    assert count(app, ["dim_team"])["dim_team"] > 0
