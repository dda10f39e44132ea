"""Tenants are isolated from each other, and the audit finds every way in which the isolation can be broken."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from stanchion.audit import run as run_module
from stanchion.audit.findings import AuditResult
from stanchion.audit.logins import MARK
from stanchion.audit.rules import broken, rule_files
from stanchion.audit.run import audit
from stanchion.cli.main import main
from stanchion.deploy.modules import discover
from stanchion.paths import ROOT
from tests.conftest import Cluster, copy_of_deployed
from tests.regenerate import MATRIX, with_matrix
from tests.sessions import Db


def run(db: Db, dsn: str) -> AuditResult:
    return audit(db, dsn, lambda part: None)


@dataclass(frozen=True)
class Audited:
    db: Db
    result: AuditResult

    def logins_like(self, pattern: str) -> list[str]:
        return [row[0] for row in self.db.execute("select rolname from pg_roles where rolname like %s", [pattern])]


@pytest.fixture(scope="module")
def audited(deployed: Any, cluster: Cluster) -> Iterator[Audited]:
    """Run an audit after a killed one, in a database with names that resemble those of an audit."""
    with copy_of_deployed(deployed, cluster, "audited") as dsn, psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("select core.create_tenant('stanchion-audit-ours-0123abcd', 'mark0123456789ab', 'league')")
        conn.execute("create role stanchion_audit_app_dead login in role stanchion_app")
        conn.execute(f"comment on role stanchion_audit_app_dead is '{MARK}'")
        conn.execute("select core.create_tenant('stanchion-audit-club', 'Audit Club', 'community')")
        conn.execute("create role stanchion_audit_reader login in role stanchion_app")
        try:
            yield Audited(conn, run(conn, dsn))
        finally:
            conn.execute("drop role stanchion_audit_reader")


@pytest.mark.slow
def test_audit_finds_no_leak(audited: Audited) -> None:
    result = audited.result
    assert [str(finding) for finding in result.findings] == []
    assert result.logins == 6
    assert result.relations >= 20
    assert result.functions >= 10
    assert result.attempts >= 2000


@pytest.mark.slow
def test_audit_removes_only_its_own_tenants_and_logins(audited: Audited) -> None:
    assert audited.db.execute("select slug from core.tenant").fetchall() == [("stanchion-audit-club",)]
    assert audited.logins_like("stanchion_audit%") == ["stanchion_audit_reader"]


NEW_TABLE = """
    create table core.note (
        tenant_id uuid not null, note_id uuid not null default gen_random_uuid(), body text not null,
        constraint note_pk primary key (tenant_id, note_id)
    );
    alter table core.note owner to stanchion_owner, enable row level security, force row level security;
    comment on table core.note is 'One row per note.';
    create policy own_tenant on core.note for all to stanchion_app
        using (tenant_id = core.current_tenant()) with check (tenant_id = core.current_tenant());
    create policy owner_for_tenant on core.note for all to stanchion_owner
        using (tenant_id = core.current_tenant() or core.is_operator());
    grant select, insert, update (body) on core.note to stanchion_app;
"""

BREAKS: dict[str, tuple[str, str]] = {
    "a function whose comment does not begin with Returns": (
        "comment on function core.clock() is 'The time now.'",
        "core.clock",
    ),
    "a policy dropped": ("drop policy own_tenant on core.membership", "core.membership"),
    "a policy widened": ("alter policy own_tenant on core.principal using (true)", "core.principal"),
    "a policy widened by another": (
        "create policy support on core.principal for select to stanchion_app using (email like '%@%')",
        "core.principal",
    ),
    "a policy for public": ("create policy open on core.audit_log for select using (true)", "core.audit_log"),
    "a policy that trusts a setting of analysts": (
        "alter policy granted_tenants on core.tenant "
        "using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)",
        "core.tenant",
    ),
    "a policy with a cast": (
        "alter policy own_tenant on core.principal using (tenant_id::text = core.current_tenant()::text)",
        "core.principal",
    ),
    "row level security not forced": ("alter table core.api_key no force row level security", "core.api_key"),
    "row level security off": ("alter table core.tenant_config disable row level security", "core.tenant_config"),
    "a grant on a partition": (
        "grant usage on schema parts to stanchion_app; "
        "do $$ declare p regclass; begin for p in select relation from core.own_relation where kind = 'partition' loop "
        "execute format('grant select on %s to stanchion_app', p); "
        "execute format('alter table %s disable row level security', p); end loop; end $$",
        "parts.core__audit_log__",
    ),
    "a view that reads as its owner": (
        "alter view core.config_effective reset (security_invoker); "
        "create or replace view contest.people as select * from core.principal; "
        "grant select on contest.people to stanchion_app",
        "contest.people",
    ),
    "a materialized view that was granted": (
        "create materialized view contest.people as select * from core.principal; "
        "grant select on contest.people to stanchion_app",
        "contest.people",
    ),
    "a function that trusts its argument": (
        "create function core.people_of(p_tenant uuid) returns setof text language plpgsql stable security definer "
        "set search_path = pg_catalog, pg_temp as "
        "$$begin return query select p.email from core.principal as p where p.tenant_id = p_tenant; end$$; "
        "grant execute on function core.people_of(uuid) to stanchion_app",
        "core.people_of",
    ),
    "a function that public may execute": (
        "grant execute on function core.create_api_key(text, text[]) to public",
        "core.create_api_key",
    ),
    "a function without a search path": (
        "alter function core.add_member(text, text, text) reset search_path",
        "core.add_member",
    ),
    "an SQL function that the planner does not inline": (
        "create function core.slug_of(p_name text) returns text language sql stable "
        "begin atomic select t.slug from core.tenant as t where t.name = p_name; end; "
        "alter function core.slug_of(text) owner to stanchion_owner; comment on function core.slug_of(text) is 'x'; "
        "revoke execute on function core.slug_of(text) from public",
        "core.slug_of",
    ),
    "an expression that runs as the owner": (
        "create function core.whose(p_key text) returns text language sql stable security definer "
        "return current_setting(p_key, true); "
        "alter function core.whose(text) owner to stanchion_owner; comment on function core.whose(text) is 'x'; "
        "revoke execute on function core.whose(text) from public",
        "core.whose",
    ),
    "an immutable tenant": ("alter function core.current_tenant() immutable", "core.current_tenant"),
    "a function that writes for another": (
        "create function core.rename(p_slug text) returns void language plpgsql volatile security definer "
        "set search_path = pg_catalog, pg_temp as "
        "$$begin update core.tenant set name = 'x' where slug = p_slug; end$$; "
        "grant execute on function core.rename(text) to stanchion_app",
        "core.rename",
    ),
    "a tenant that may be null": (
        "alter table core.cooldown drop constraint cooldown_pk, alter column tenant_id drop not null",
        "core.cooldown",
    ),
    "a key without the tenant": (
        "alter table core.principal add constraint principal_email_once unique (email)",
        "core.principal",
    ),
    "a foreign key without the tenant": (
        "create unique index principal_id_idx on core.principal (principal_id); "
        "alter table core.membership add constraint membership_anybody_fk "
        "foreign key (principal_id) references core.principal (principal_id)",
        "core.membership",
    ),
    "a truncate": ("grant truncate on core.cooldown to stanchion_app", "core.cooldown"),
    "a builder that writes": (
        "grant update on core.tenant to stanchion_builder; "
        "create policy builder_writes on core.tenant for update to stanchion_builder using (true)",
        "core.tenant",
    ),
    "a builder that sees nothing": ("drop policy every_tenant on core.tenant_config", "core.tenant_config"),
    "an analyst that may become the owner": (
        "grant stanchion_owner to stanchion_analyst",
        "stanchion_analyst",
    ),
    "an application that bypasses row-level security": ("alter role stanchion_app bypassrls", "stanchion_app"),
    "a new table without a policy for writing": (
        NEW_TABLE + "alter policy own_tenant on core.note with check (true)",
        "core.note",
    ),
    "a table in a schema outside Stanchion": (
        "create schema extra; create table extra.copied as select * from core.principal; "
        "grant usage on schema extra to stanchion_analyst; grant select on extra.copied to stanchion_analyst",
        "extra.copied",
    ),
    "a copy of tenants that nobody may read": (
        "create schema extra; create table extra.kept as select * from core.principal",
        "extra.kept",
    ),
    "a materialized view of tenants elsewhere": (
        "create schema extra; create materialized view extra.frozen as select * from core.principal",
        "extra.frozen",
    ),
    "a view of tenants elsewhere that reads as its owner": (
        "create schema extra; create view extra.shown as select * from core.principal",
        "extra.shown",
    ),
    "a function that runs as a superuser": (
        "create function public.everybody() returns setof text language sql security definer "
        "as 'select email from core.principal'",
        "public.everybody",
    ),
    "a schema in which public may create a function": ("grant create on schema public to public", "public"),
    "a function that runs as the owner for analysts": (
        "grant execute on function core.tenant_for_domain(text) to stanchion_analyst",
        "core.tenant_for_domain",
    ),
    "a tenant as an argument by another name": (
        "create function core.act_for(p_org uuid) returns void language plpgsql volatile security definer "
        "set search_path = pg_catalog, pg_temp as "
        "$$begin perform set_config('app.tenant_id', p_org::text, true); end$$; "
        "grant execute on function core.act_for(uuid) to stanchion_app",
        "core.act_for",
    ),
    "one column that may be written": (
        "grant update (role) on core.membership to stanchion_app; "
        "create policy app_writes on core.membership for update to stanchion_app "
        "using (tenant_id = core.current_tenant()) with check (tenant_id = core.current_tenant())",
        "core.membership",
    ),
    "a column for analysts with an index of its own": (
        "grant select (slug) on core.tenant to stanchion_analyst",
        "core.tenant",
    ),
    "a login with two roles": (
        "create role two_things login in role stanchion_app, stanchion_builder",
        "two_things",
    ),
    "a login with two roles through a group": (
        "create role a_group in role stanchion_owner; create role two_things login in role stanchion_app, a_group",
        "two_things",
    ),
    "a login that bypasses row-level security": (
        "create role two_things login bypassrls in role stanchion_analyst",
        "two_things",
    ),
    "privileges on future tables": (
        "alter default privileges for role stanchion_owner grant select on tables to stanchion_analyst",
        "stanchion_owner",
    ),
    "a tenant for every session of the database": (
        "do $$ begin execute format('alter database %I set app.tenant_id = %L', current_database(), 'x'); end $$",
        "shared",
    ),
    "a foreign table": (
        "create foreign data wrapper nowhere; create server nowhere foreign data wrapper nowhere; "
        "create foreign table core.elsewhere (tenant_id uuid) server nowhere",
        "core.elsewhere",
    ),
    "a procedure that writes for another": (
        "create procedure core.forget(p_slug text) language plpgsql security definer "
        "set search_path = pg_catalog, pg_temp as "
        "$$begin update core.tenant set status = 'suspended' where slug = p_slug; end$$; "
        "grant execute on procedure core.forget(text) to stanchion_loader",
        "core.forget",
    ),
    "a personal column for the builder": (
        "grant select (email) on core.principal to stanchion_builder",
        "core.principal.email",
    ),
    "a personal column in the staging schema": (
        "create view staging.people with (security_invoker = true) as select display_name from core.principal",
        "core.principal.display_name",
    ),
    "a gate view without a condition on the tenant": (
        "create view workspace.everybody with (security_barrier = true) as select * from hidden.tenant_stats as s; "
        "grant select on workspace.everybody to stanchion_app",
        "workspace.everybody",
    ),
    "a subscription that a tenant may update": (
        "grant update on workspace.subscription to stanchion_app",
        "workspace.subscription",
    ),
    "a trigger": (
        "create function core.noop() returns trigger language plpgsql set search_path = pg_catalog, pg_temp "
        "as 'begin return new; end'; create trigger t before update on core.tenant for each row "
        "execute function core.noop()",
        "core.tenant",
    ),
}

FOUND_ONLY_BY_ATTACK = {"a function that writes for another", "a procedure that writes for another"}


@pytest.mark.parametrize("name", [name for name in BREAKS if name not in FOUND_ONLY_BY_ATTACK])
def test_rule_finds_each_break(name: str, deployed_db: Db) -> None:
    statements, culprit = BREAKS[name]
    with deployed_db.transaction(force_rollback=True):
        deployed_db.execute(statements)
        findings = broken(deployed_db, *rule_files())
    assert any(finding.object.startswith(culprit) for finding in findings), [str(finding) for finding in findings]


LEGITIMATE = """
    create schema extra;
    create temporary table copied as select * from core.principal;
    create view extra.own with (security_invoker = true) as select * from core.principal;
    create table extra.other (tenant_id text);
    create table extra.kept (tenant_id uuid) partition by list (tenant_id);
    create table extra.part partition of extra.kept default;
    alter table extra.kept enable row level security;
    create schema theirs;
    comment on schema theirs is 'Invoices of another application, without tenants of Stanchion.';
    create table theirs.invoice (tenant_id uuid);
    create policy mine on extra.kept to current_user using (tenant_id = core.current_tenant());
"""


def test_relations_elsewhere_with_policies_are_no_finding(deployed_db: Db) -> None:
    with deployed_db.transaction(force_rollback=True):
        deployed_db.execute(LEGITIMATE)
        findings = [finding for rule in rule_files() for finding in broken(deployed_db, rule)]
    assert [str(finding) for finding in findings] == []


# the finding of the attacks for each break without the rules; the breaks of one dictionary do not reveal each other
FOUND_BY_ATTACK: list[dict[str, str]] = [
    {
        "a policy widened": "shows rows of another tenant",
        "a grant on a partition": "shows rows of another tenant",
        "a function that writes for another": "change rows of another tenant",
        "a policy that trusts a setting of analysts": "shows rows of another tenant",
        "a new table without a policy for writing": "another tenant",
        "a truncate": "truncate",
        "a procedure that writes for another": "change rows of another tenant",
    },
    {
        "a view that reads as its owner": "shows rows of another tenant",
        "a function that trusts its argument": "data of another tenant",
    },
]


@pytest.fixture
def attack_only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that limits attacks to objects by the beginnings of their names.

    An attack on every object takes ten times as long; test_audit_finds_no_leak makes one.
    """

    def attack_only(*names: str) -> None:
        class Chosen(targets):
            def __init__(self, *args: Any) -> None:
                super().__init__(*args)
                written = (*names, "core.tenant")  # functions are called to find their effects on some table
                self.tables = [table for table in self.tables if table.name.startswith(written)]
                self.relations = {name: of for name, of in self.relations.items() if name.startswith(names)}
                self.catalogs = [name for name in self.catalogs if name.startswith(names)]

            def functions(self, role: str) -> list[dict[str, Any]]:
                return [function for function in super().functions(role) if function["name"].startswith(names)]

        monkeypatch.setattr("stanchion.audit.run._Targets", Chosen)

    targets = run_module._Targets
    return attack_only


whole_or_part = pytest.mark.parametrize(
    "everything",
    [
        pytest.param(False, id="attacks on what changed"),
        pytest.param(True, id="all attacks", marks=pytest.mark.exhaustive),
    ],
)


@pytest.mark.slow
@pytest.mark.long
@whole_or_part
@pytest.mark.parametrize("breaks", FOUND_BY_ATTACK)
def test_attacks_find_leaks_without_the_rules(
    breaks: dict[str, str],
    everything: bool,
    db: Db,
    dsn: str,
    attack_only: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stanchion.audit.run.rule_files", list)
    if not everything:
        attack_only(*(BREAKS[name][1] for name in breaks))
    for name in breaks:
        db.execute(BREAKS[name][0])
    findings = run(db, dsn).findings
    for name, problem in breaks.items():
        culprit = BREAKS[name][1]
        assert any(f.object.startswith(culprit) and problem in f.problem for f in findings), (
            name,
            [str(f) for f in findings],
        )


@pytest.mark.slow
@pytest.mark.long
@whole_or_part
def test_new_table_is_audited_or_is_a_finding(
    everything: bool, db: Db, dsn: str, attack_only: Callable[..., None]
) -> None:
    """A new table is attacked without further work; a table in which no row can be inserted is a finding."""
    if not everything:
        attack_only("core.note", "core.never")
    db.execute(NEW_TABLE)
    db.execute(NEW_TABLE.replace("core.note", "core.never").replace("note_pk", "never_pk"))
    db.execute("alter table core.never add constraint never_a_row check (length(body) > 10000)")
    findings = run(db, dsn).findings
    assert {finding.object for finding in findings} == {"core.never"}
    assert any("is not audited" in finding.problem for finding in findings)


def test_rule_finds_a_grant_without_a_policy(db: Db) -> None:
    db.execute("grant select on core.api_key to stanchion_app")
    rule = next(path for path in rule_files() if path.stem == "grants_have_policies")
    assert [finding.object for finding in broken(db, rule)] == ["core.api_key"]


def test_every_table_has_a_policy_file(db: Db) -> None:
    tables = {row[0] for row in db.execute("select name from core.own_relation where kind = 'table'")}
    files = {module.path.stem for module in discover(ROOT) if module.kind == "policies"}
    assert files == tables


@pytest.mark.slow
@pytest.mark.long
@whole_or_part
def test_audit_command_exits_1_with_the_leak(
    everything: bool, db: Db, dsn: str, attack_only: Callable[..., None]
) -> None:
    # tests/marts/test_backup.py tests exit code 0 without leaks
    if not everything:
        attack_only("core.principal")
    db.execute("alter policy own_tenant on core.principal using (true)")
    outcome = CliRunner().invoke(main, ["--dsn", dsn, "audit"], catch_exceptions=False)
    assert outcome.exit_code == 1
    assert "core.principal: shows rows of another tenant" in outcome.stdout
    assert "Traceback" not in outcome.stderr


def test_access_matrix_in_the_readme_is_current(deployed_db: Db) -> None:
    page = MATRIX.read_text(encoding="utf-8")
    assert page == with_matrix(page, deployed_db), "run: make catalog"
