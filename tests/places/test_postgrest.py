"""A gateway that sends the statements of PostgREST acts only for the tenant of its token or API key.

PostgREST is in no package that the tests can install. It handles a request in a transaction of three statements, which
its module PostgREST.Query builds. The class Gateway sends the same statements and returns the same status codes.
"""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from stanchion.audit.rules import broken, rule_files
from stanchion.paths import ROOT
from stanchion.server.connection import for_tenant
from tests.conftest import Cluster, run_stanchion
from tests.marts.platform import Platform
from tests.modules.test_privileges import ALL, deploy_all, open_as
from tests.replicas.conftest import new_server

FOLDER = ROOT / "docs" / "places" / "postgrest"
RUN = ("psql", "--single-transaction", "-v", "ON_ERROR_STOP=1", "-f", "docs/places/postgrest/gateway.sql")
ROLES = ("authenticator", "anon", "authenticated", "stanchion_web")

READ = """
with pgrst_source as (select read.* from {name} as read limit 1000)
select null::bigint as total_result_set, pg_catalog.count(_postgrest_t) as page_total,
    coalesce(json_agg(_postgrest_t), '[]')::text as body
from (select * from pgrst_source) _postgrest_t
"""
CALL = """
with pgrst_source as (
    select pgrst_call.*
    from (select %s::json as json_data) pgrst_payload,
        lateral (select * from json_to_record(pgrst_payload.json_data) as _({columns})) pgrst_body,
        lateral (select {name}({arguments}) as pgrst_scalar) pgrst_call
)
select null::bigint as total_result_set, 1 as page_total, coalesce(json_agg(_postgrest_t.pgrst_scalar)->0, 'null')::text
from (select * from pgrst_source) _postgrest_t
"""
ARGUMENTS = {"game": "text", "home": "integer", "away": "integer", "reason": "text"}
AMENDED = {"game": "cup/1/1", "home": 4, "away": 1, "reason": "counted twice"}


class Gateway:
    def __init__(self, dsn: str) -> None:
        self.conn = psycopg.connect(dsn, autocommit=True, prepare_threshold=0)

    def get(self, name: str, claims: dict[str, Any] | None = None, key: str | None = None) -> tuple[int, Any]:
        return self._answer("GET", claims, key, READ.format(name=name))

    def post(self, name: str, body: dict[str, Any], claims: Any = None, key: str | None = None) -> tuple[int, Any]:
        call = CALL.format(
            name=name,
            columns=", ".join(f"{each} {ARGUMENTS[each]}" for each in body) or "nothing text",
            arguments=", ".join(f"{each} := pgrst_body.{each}" for each in body),
        )
        return self._answer("POST", claims, key, call, json.dumps(body))

    def _answer(self, method: str, claims: Any, key: str | None, query: str, *values: str) -> tuple[int, Any]:
        claims = {"role": "anon"} | (claims or {})
        settings = {
            "search_path": '"marts", "public"', "role": claims["role"], "request.jwt.claims": json.dumps(claims),
            "request.method": method, "request.path": "/",
            "request.headers": json.dumps({"accept": "*/*"} | ({"x-api-key": key} if key else {})),
            "request.cookies": "{}",
        }  # fmt: skip
        set_all = sql.SQL(", ").join([sql.SQL("set_config(%s, %s, true)")] * len(settings))
        pairs = [text for pair in settings.items() for text in pair]
        try:
            self.conn.execute(f"begin isolation level read committed {'read only' * (method == 'GET')}".encode())
            self.conn.execute(sql.SQL("select {}").format(set_all), pairs)
            self.conn.execute("select gateway.before_request()")
            row = self.conn.execute(query.encode(), values or None).fetchone()
            self.conn.execute("commit")
            return 200, json.loads(row[2] if row else "null")
        except psycopg.Error as e:
            self.conn.execute("rollback")
            return status(str(e.sqlstate), claims["role"] != "anon"), e.diag.message_primary


def status(code: str, has_token: bool) -> int:
    """Return the status code of an error, as the function mapSQLtoHTTP of PostgREST does."""
    if code.startswith("PT"):
        return int(code[2:])
    codes = {"42501": 403 if has_token else 401, "42P01": 404, "42883": 404, "25006": 405, "23505": 409, "P0001": 400}
    classes = {"P0": 500, "55": 500, "40": 500}
    return codes.get(code, classes.get(code[:2], 400))


@pytest.fixture
def gateway(built: Platform) -> Iterator[Gateway]:
    with built.conn.transaction():
        built.conn.execute((FOLDER / "gateway.sql").read_bytes())
    built.conn.execute("alter role authenticator password 'gateway'")
    gateway = Gateway(make_conninfo(built.server.dsn, user="authenticator", password="gateway"))
    try:
        yield gateway
    finally:
        gateway.conn.close()
        drop(built)


def drop(built: Platform) -> None:
    built.conn.execute("drop schema api, gateway cascade")
    for role in ROLES:
        built.conn.execute(f"drop owned by {role}; drop role {role}".encode())


@pytest.fixture
def ids(built: Platform) -> dict[str, str]:
    return {row["slug"]: str(row["tenant_id"]) for row in built.rows("select slug, tenant_id from core.tenant")}


def token(tenant: str, **claims: Any) -> dict[str, Any]:
    """Return the claims of a token of Supabase for a person without an account in Stanchion."""
    return {
        "role": "authenticated", "aud": "authenticated", "exp": time.time() + 3600, "email": "fan@example.org",
        "sub": "7f1c1a53-5c2b-4d5e-9a55-0d4f6d9a3c11", "app_metadata": {"tenant_id": tenant},
    } | claims  # fmt: skip


def make_key(built: Platform, slug: str, *scopes: str) -> str:
    with for_tenant(built.conn, slug):
        return str(built.conn.execute("select core.create_api_key('phone', %s)", [list(scopes)]).fetchone()[0])


def test_each_token_reads_the_marts_of_its_tenant(built: Platform, gateway: Gateway, ids: dict[str, str]) -> None:
    for slug in ("ours", "theirs", "nobody", "ours"):
        code, teams = gateway.get("marts.dim_team", token(ids[slug]))
        expected = built.rows("select team_key from marts.dim_team where tenant_id = %s", ids[slug])
        assert (code, sorted(team["team_key"] for team in teams)) == (200, sorted(row["team_key"] for row in expected))
        assert {team["tenant_id"] for team in teams} == ({ids[slug]} if expected else set())
    assert gateway.get("api.me()", token(ids["ours"])) == (200, [{"tenant": "ours", "member_role": None}])


def test_a_gateway_without_the_pre_request_reads_nothing(gateway: Gateway, ids: dict[str, str]) -> None:
    for role in ("anon", "authenticated", "authenticator"):
        for statement in ("select from marts.dim_team", "select from core.tenant", "select api.me()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), gateway.conn.transaction():
                claims = json.dumps(token(ids["ours"]))
                gateway.conn.execute(
                    "select set_config('role', %s, true), set_config('request.jwt.claims', %s, true)", [role, claims]
                )
                gateway.conn.execute(statement.encode())


def test_a_request_without_a_token_is_refused(gateway: Gateway) -> None:
    assert gateway.get("marts.dim_team")[0] == 401
    assert gateway.post("api.amend_result", AMENDED)[0] == 401


MALFORMED = "the claim app_metadata.tenant_id names no active tenant"


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"app_metadata": {}}, (403, MALFORMED)),
        ({"app_metadata": None, "tenant_id": "TENANT", "user_metadata": {"tenant_id": "TENANT"}}, (403, MALFORMED)),
        ({"app_metadata": {"tenant_id": "TENANT' or true --"}}, (403, MALFORMED)),
        ({"app_metadata": {"tenant_id": "00000000-0000-0000-0000-000000000000"}}, (403, MALFORMED)),
        ({"exp": 1}, (401, "the token has expired, or has no claim exp")),
        ({"exp": None}, (401, "the token has expired, or has no claim exp")),
        ({"aud": None}, (401, "the token has no claim aud")),
        ({"aud": []}, (401, "the token has no claim aud")),
        ({"exp": "tomorrow"}, (400, 'invalid input syntax for type numeric: "tomorrow"')),
        ({"role": "stanchion_owner"}, (403, 'permission denied to set role "stanchion_owner"')),
        ({"role": "stanchion_web"}, (403, "permission denied for schema gateway")),
    ],
    ids=str,
)
def test_a_token_that_does_not_fit_is_refused(
    gateway: Gateway, ids: dict[str, str], change: dict[str, Any], answer: tuple[int, str]
) -> None:
    claims = json.loads(json.dumps(token(ids["ours"]) | change).replace("TENANT", ids["ours"]))
    assert gateway.get("marts.dim_team", claims) == answer


def test_a_suspended_tenant_is_closed(built: Platform, gateway: Gateway, ids: dict[str, str]) -> None:
    key = make_key(built, "theirs", "read")
    assert [gateway.get("marts.dim_team", token(ids["theirs"]))[0], gateway.get("marts.dim_team", key=key)[0]] == [
        200,
        200,
    ]
    with for_tenant(built.conn, "theirs"):
        built.conn.execute("select core.set_tenant_status('suspended')")
    assert gateway.get("marts.dim_team", token(ids["theirs"])) == (403, MALFORMED)
    assert gateway.get("marts.dim_team", key=key) == (401, "the API key is not valid")
    assert gateway.get("marts.dim_team", token(ids["ours"]))[0] == 200


def test_an_api_key_reads_until_it_is_revoked(built: Platform, gateway: Gateway, ids: dict[str, str]) -> None:
    key = make_key(built, "ours", "read")
    code, teams = gateway.get("marts.dim_team", key=key)
    assert (code, {team["tenant_id"] for team in teams}) == (200, {ids["ours"]})
    assert gateway.post("api.amend_result", AMENDED, key=key) == (403, "the API key has no scope write")
    with for_tenant(built.conn, "ours"):
        built.conn.execute("select core.revoke_api_key('phone')")
    for wrong in (key, key[:-1], "stn_' or true --", "x" * 10000):
        assert gateway.get("marts.dim_team", key=wrong) == (401, "the API key is not valid")


@pytest.mark.parametrize(
    ("email", "role", "code"),
    [
        ("ref@ours.example", "editor", 200),
        ("Ref@Ours.example", "editor", 200),
        ("fan@ours.example", "viewer", 403),
        ("stranger@ours.example", None, 403),
    ],
)
def test_only_an_editor_of_the_tenant_writes(
    built: Platform, gateway: Gateway, ids: dict[str, str], email: str, role: str | None, code: int
) -> None:
    with for_tenant(built.conn, "ours"):
        built.conn.execute(
            "select core.add_member('ref@ours.example', 'Ref', 'editor'), "
            "core.add_member('fan@ours.example', 'Fan', 'viewer')"
        )
    claims = token(ids["ours"], email=email)
    assert gateway.get("api.me()", claims) == (200, [{"tenant": "ours", "member_role": role}])
    answer = gateway.post("api.amend_result", AMENDED, claims)
    assert answer[0] == code, answer
    log = built.rows("select actor, login from core.audit_log where subject = 'cup/1/1' and detail::text ~ 'twice'")
    assert [row["login"] for row in log] == ["authenticator"] * (code == 200)
    if code == 200:
        assert gateway.post("api.amend_result", AMENDED | {"game": "cup/9/9"}, claims) == (
            404, "game cup/9/9 does not exist",
        )  # fmt: skip
        assert gateway.post("api.amend_result", AMENDED | {"reason": ""}, claims)[0] == 400
        other = token(ids["theirs"], email=email)
        assert gateway.post("api.amend_result", AMENDED, other)[0] == 403, (
            "a member of one tenant is not a member of another"
        )


def test_a_subject_that_is_not_a_uuid_is_not_trusted(gateway: Gateway, ids: dict[str, str]) -> None:
    """Functions trust a request without a principal, and other issuers have subjects such as auth0|17."""
    assert gateway.post("api.amend_result", AMENDED, token(ids["ours"], sub="auth0|17", email=None))[0] == 403


def test_a_deactivated_member_may_no_longer_write(built: Platform, gateway: Gateway, ids: dict[str, str]) -> None:
    claims = token(ids["ours"], email="ada@example.org")
    assert gateway.get("api.me()", claims)[1] == [{"tenant": "ours", "member_role": "owner"}]
    built.conn.execute("update core.membership set is_active = false")
    assert gateway.get("api.me()", claims)[1] == [{"tenant": "ours", "member_role": None}]
    assert gateway.post("api.amend_result", AMENDED, claims)[0] == 403


def test_a_get_request_writes_nothing(gateway: Gateway, ids: dict[str, str]) -> None:
    claims = token(ids["ours"], email="ada@example.org")
    code, message = gateway.get("api.amend_result('cup/1/1', 5, 0, 'by link')", claims)
    assert (code, "read-only" in message) == (405, True)


def test_the_next_request_of_the_session_has_no_tenant(gateway: Gateway, ids: dict[str, str]) -> None:
    for _ in range(2):
        assert gateway.get("marts.dim_team", token(ids["ours"]))[0] == 200
        assert gateway.get("marts.dim_team")[0] == 401
        names = ("app.principal_id", "app.tenant_id", "request.jwt.claims")
        left = [
            gateway.conn.execute("select nullif(current_setting(%s, true), '')", [name]).fetchone() for name in names
        ]
        assert left == [(None,)] * 3
        assert gateway.conn.execute("select current_user").fetchone() == ("authenticator",)


@pytest.mark.slow
def test_the_roles_break_no_tenancy_rule(built: Platform) -> None:
    """The command on the page works too, and only as a whole: a second run fails and changes nothing."""
    before = broken(built.conn, *rule_files())
    for expected in (0, 3):
        done = run_stanchion(*RUN, database_url=built.server.dsn, cwd=ROOT)
        assert done.code == expected, done.err
    try:
        assert broken(built.conn, *rule_files()) == before
    finally:
        drop(built)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_deployer_who_is_not_superuser_adds_the_gateway(cluster: Cluster) -> None:
    """The roles of Supabase belong to a superuser, so the deployer can neither make nor grant them."""
    with new_server(cluster) as server, server:
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as conn:
            conn.execute("create role anon; create role authenticated; create role authenticator noinherit login")
            conn.execute("grant anon, authenticated to authenticator")
        with open_as(server, "ada", "one") as conn:
            deploy_all(conn, ALL)
            conn.execute((FOLDER / "gateway.sql").read_bytes())
            members = "select r::regrole::text from pg_auth_members as m, lateral (values (m.roleid)) as v (r)"
            found = conn.execute(f"{members} where m.member = 'authenticator'::regrole order by 1").fetchall()
            assert found == [("anon",), ("authenticated",), ("stanchion_web",)]
            with conn.transaction():
                conn.execute("select core.create_tenant('ours', 'Ours', 'league')")
            assert broken(conn, *rule_files()) == []


def test_the_configuration_names_existing_objects(built: Platform, gateway: Gateway) -> None:
    lines = re.findall(r'^([a-z-]+) = "?([^"\n]*)"?$', (FOLDER / "postgrest.conf").read_text(), re.MULTILINE)
    options = dict(lines)
    for schema in options["db-schemas"].split(", "):
        assert built.rows("select to_regnamespace(%s) is not null as is_there", schema) == [{"is_there": True}]
    assert built.rows("select to_regproc(%s) is not null as is_there", options["db-pre-request"])[0]["is_there"]
    assert "gateway" not in options["db-schemas"], "callers must not call the pre-request themselves"
    assert options["db-anon-role"] in ROLES
    head = (FOLDER / "gateway.sql").read_text().splitlines()
    assert f"--     stanchion {' '.join(RUN)}" in head
