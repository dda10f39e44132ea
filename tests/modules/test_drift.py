"""verify prints every difference from the last deploy, one readable line each."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from stanchion.deploy import catalog

from .conftest import Checkout, Run, copy_project

KINDS = {
    "dropped policy": (
        "drop policy own_tenant on core.tenant",
        "gone: policy core.tenant.own_tenant: for select to stanchion_app, stanchion_loader "
        "using (tenant_id = core.current_tenant())",
    ),
    "altered policy": (
        "alter policy own_tenant on core.tenant using (true)",
        "changed: policy core.tenant.own_tenant: for select to stanchion_app, stanchion_loader "
        "using (tenant_id = core.current_tenant()) -> for select to stanchion_app, stanchion_loader using true",
    ),
    "policy for others": (
        "alter policy own_tenant on core.tenant to public",
        "changed: policy core.tenant.own_tenant: for select to stanchion_app, stanchion_loader "
        "using (tenant_id = core.current_tenant()) -> for select to public using (tenant_id = core.current_tenant())",
    ),
    "new policy": (
        "create policy everybody on core.tenant using (true)",
        "added: policy core.tenant.everybody: for all to public using true",
    ),
    "added column": ("alter table core.tenant add motto text", "added: column core.tenant.motto: text"),
    "dropped column": ("alter table core.gauge drop spare", "gone: column core.gauge.spare: integer"),
    "column type": (
        "alter table core.gauge alter spare type bigint",
        "changed: column core.gauge.spare: integer -> bigint",
    ),
    "column default": (
        "alter table core.gauge alter reading set default 7",
        "changed: column core.gauge.reading: integer -> integer default 7",
    ),
    "column not null": (
        "alter table core.gauge alter reading set not null",
        "changed: column core.gauge.reading: integer -> integer not null",
    ),
    "function body": (
        "create or replace function core.gauge() returns integer language sql return 2",
        "changed: function core.gauge(): body ",
    ),
    "function security": (
        "alter function core.gauge() security definer",
        "changed: function core.gauge(): nothing -> security definer",
    ),
    "function setting": (
        "alter function core.gauge() set row_security = off",
        "changed: function core.gauge(): nothing -> row_security=off",
    ),
    "new function": (
        "create function core.other() returns void language sql as ''",
        "added: function core.other(): returns void, sql, volatile, parallel unsafe, owner postgres, body ",
    ),
    "table grant": (
        "grant select on core.module_ledger to stanchion_app",
        "added: grant relation core.module_ledger to stanchion_app: select",
    ),
    "grant option": (
        "grant select on core.gauge to stanchion_app with grant option",
        "added: grant relation core.gauge to stanchion_app: select with grant option",
    ),
    "grant to everybody": (
        "grant select on core.gauge to public",
        "added: grant relation core.gauge to public: select",
    ),
    "column grant": (
        "grant update (reading) on core.gauge to stanchion_app",
        "added: grant column core.gauge.reading to stanchion_app: update",
    ),
    "function grant": (
        "grant execute on function core.gauge() to public",
        "added: grant function core.gauge() to public: execute",
    ),
    "schema grant": ("grant create on schema core to public", "added: grant schema core to public: create"),
    "marts grant": ("grant usage on schema marts to public", "added: grant schema marts to public: usage"),
    "default privileges": (
        "alter default privileges for role stanchion_owner in schema core grant select on tables to public",
        "added: grant default of stanchion_owner for r to public: select",
    ),
    "revoked grant": (
        "revoke select on core.tenant from stanchion_builder",
        "gone: grant relation core.tenant to stanchion_builder: select",
    ),
    "RLS off": (
        "alter table core.tenant disable row level security",
        "changed: table core.tenant: row level security -> nothing",
    ),
    "RLS not forced": (
        "alter table core.tenant no force row level security",
        "changed: table core.tenant: forced -> nothing",
    ),
    "new index": (
        "create index by_reading on core.gauge (reading)",
        "added: index core.gauge.by_reading: INDEX by_reading ON core.gauge USING btree (reading)",
    ),
    "invalid index": (
        "update pg_index set indisvalid = false where indexrelid = 'core.known'::regclass",
        "changed: index core.gauge.known: INDEX known ON core.gauge USING btree (tenant_id) -> "
        "INDEX known ON core.gauge USING btree (tenant_id) INVALID",
    ),
    "dropped constraint": (
        "alter table core.gauge drop constraint positive",
        "gone: constraint core.gauge.positive: CHECK ((reading > 0))",
    ),
    "unvalidated constraint": (
        "alter table core.gauge add constraint small check (reading < 9) not valid",
        "added: constraint core.gauge.small: CHECK ((reading < 9)) NOT VALID",
    ),
    "new table": ("create table core.other ()", "added: table core.other: owner postgres"),
    "new schema": (
        "create schema other authorization stanchion_owner",
        "added: schema other: owner stanchion_owner",
    ),
    "view": (
        "create or replace view core.gauge_view as select a.reading from core.gauge as a "
        "join core.gauge as b on a.tenant_id = a.tenant_id",
        "changed: view core.gauge_view: ",
    ),
    "view as its owner": (
        "alter view core.config_effective set (security_invoker = false)",
        "changed: view core.config_effective: with security_invoker=true -> with security_invoker=false",
    ),
    "owner": (
        "alter table core.gauge owner to postgres",
        "changed: table core.gauge: owner stanchion_owner -> owner postgres",
    ),
    "owner of a function": (
        "alter function core.gauge() owner to postgres",
        "changed: function core.gauge(): owner stanchion_owner -> owner postgres",
    ),
    "owner of a schema": (
        "alter schema core owner to postgres",
        "changed: schema core: owner stanchion_owner -> owner postgres",
    ),
    "trigger": (
        "create trigger t before insert on core.gauge for each row "
        "execute function suppress_redundant_updates_trigger()",
        "added: trigger core.gauge.t: CREATE TRIGGER t BEFORE INSERT ON core.gauge FOR EACH ROW EXECUTE FUNCTION "
        "suppress_redundant_updates_trigger()",
    ),
    "rule": (
        "create rule r as on delete to core.gauge do instead nothing",
        "added: rule core.gauge.r: CREATE RULE r AS ON DELETE TO core.gauge DO INSTEAD NOTHING;",
    ),
    "role attribute": (
        "alter role stanchion_app bypassrls",
        "changed: role stanchion_app: nologin -> nologin bypassrls",
    ),
    "role membership": (
        "grant stanchion_owner to stanchion_app",
        "changed: role stanchion_app: nologin -> nologin in stanchion_owner",
    ),
    "type": (
        "create type core.colour as enum ('red', 'green')",
        "added: type core.colour: enum red, green owner postgres",
    ),
    "unlogged": (
        "alter table core.gauge set unlogged",
        "changed: table core.gauge: owner stanchion_owner -> owner stanchion_owner, unlogged",
    ),
}


@pytest.fixture(scope="module")
def gauge(shared_db: psycopg.Connection[Any], tmp_path_factory: pytest.TempPathFactory) -> psycopg.Connection[Any]:
    """A database with a table, a function and a view to tamper with."""
    checkout = copy_project(tmp_path_factory.mktemp("gauge"), "core")
    checkout.add(
        "9001_gauge",
        "create table core.gauge (tenant_id uuid, spare integer,"
        " reading integer constraint positive check (reading > 0));"
        "create index known on core.gauge (tenant_id);"
        "create function core.gauge() returns integer language sql return 1;"
        "create view core.gauge_view as select a.reading from core.gauge as a "
        "join core.gauge as b on a.tenant_id = b.tenant_id;",
        "drop view core.gauge_view; drop function core.gauge(); drop table core.gauge;",
    )
    checkout.deploy(shared_db)
    return shared_db


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_one_readable_line(gauge: psycopg.Connection[Any], kind: str) -> None:
    statement, line = KINDS[kind]
    with gauge.transaction(force_rollback=True):
        gauge.execute(statement)
        lines = [said for said in catalog.drift(gauge) if not is_consequence(kind, said)]
        assert len(lines) == 1 and lines[0].startswith(line), "\n".join(lines)
        assert line.endswith(("body ", ": ")) or lines == [line]
    assert catalog.drift(gauge) == []


def is_consequence(kind: str, line: str) -> bool:
    """What comes with a change by itself: an owner's rights, which another owner does not have, and PUBLIC's."""
    told = {"owner": "grant relation core.gauge to", "owner of a function": "grant function core.gauge() to"}
    if kind in ("owner of a schema", "new function"):
        return line.startswith(("added: grant schema core to", "added: grant function core.other() to"))
    return kind in told and told[kind] in line


def test_verify_prints_drift_and_exits_1(run: Run, db: psycopg.Connection[Any]) -> None:
    fine = run("verify")
    assert (fine.code, fine.out) == (0, "The database equals the catalog of the last deploy.\n")
    db.execute("alter table core.tenant disable row level security")
    found = run("verify")
    assert (found.code, found.out) == (1, "changed: table core.tenant: row level security -> nothing\n")
    as_json = run("verify", "--json")
    assert as_json.code == 1
    (finding,) = json.loads(as_json.out)["findings"]
    assert finding["id"].startswith("verify/table-core.tenant/")
    assert (finding["severity"], finding["problem"]) == ("high", "changed by hand: row level security -> nothing")
    assert "--accept-drift" in finding["remedy"]


def test_deploying_over_drift_is_refused_until_it_is_accepted(
    checkout: Checkout, run: Run, db: psycopg.Connection[Any]
) -> None:
    db.execute("alter table core.tenant add motto text")
    for _ in ("with nothing to deploy", "with something to deploy"):
        refused = run("deploy")
        assert refused.code == 1
        assert "added: column core.tenant.motto: text" in refused.err
        assert "Undo these changes by hand, or accept them with --accept-drift." in refused.err
        checkout.add_table()
    assert run("deploy", "--dry-run", "--accept-drift").code == 0
    assert run("verify").code == 1, "a dry run accepts nothing"
    accepted = run("deploy", "--accept-drift")
    assert accepted.code == 0
    assert "accepted: added: column core.tenant.motto: text" in accepted.err
    assert run("verify").code == 0


def test_drift_is_accepted_with_nothing_to_deploy(run: Run, db: psycopg.Connection[Any]) -> None:
    db.execute("alter table core.tenant add motto text")
    assert run("deploy", "--accept-drift").code == 0
    assert run("verify").code == 0


def test_partitions_come_and_go(db: psycopg.Connection[Any], run: Run) -> None:
    db.execute("select core.ensure_partitions('core.audit_log', date '2031-01-01', date '2031-01-03')")
    assert run("verify").code == 0


def test_marts_are_dbts(db: psycopg.Connection[Any], run: Run) -> None:
    db.execute("create table marts.standings (tenant_id uuid); grant select on marts.standings to stanchion_analyst")
    db.execute("create view marts.top as select 1 as one; create function marts.f() returns void language sql as ''")
    assert run("verify").code == 0


def test_a_foreign_schema_is_not_drift(db: psycopg.Connection[Any], run: Run) -> None:
    db.execute("create schema theirs; create table theirs.thing (); create table public.thing ()")
    assert run("verify").code == 0


def test_settings_of_a_session_are_not_drift(db: psycopg.Connection[Any], dsn: str) -> None:
    defaults = "at timestamptz default '2031-01-01', span interval default '1 day 2:03'"
    db.execute(f"create table core.gauge ({defaults})")
    catalog.record(db)
    settings = "timezone=Asia/Tokyo datestyle=german intervalstyle=iso_8601 quote_all_identifiers=on search_path=core"
    options = " ".join(f"-c {setting}" for setting in settings.split())
    with psycopg.connect(dsn, autocommit=True, options=options) as conn:
        assert catalog.drift(conn) == []


def test_a_catalog_in_another_format_is_not_drift(db: psycopg.Connection[Any], run: Run) -> None:
    db.execute("update core.catalog_record set format = 'older', catalog = 'table core.gone: x'")
    outcome = run("verify")
    assert outcome.code == 1
    assert "another version of Stanchion" in outcome.err
    assert run("deploy").code == 0  # which writes the record again
    assert run("verify").code == 0
