"""`cluster plan` reads any Postgres: the class of each table, the order, the local objects, and the refusals."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from stanchion.cluster.compare import objects_differ
from stanchion.cluster.nodes import parse_node
from stanchion.cluster.plan import Plan, Table, in_order, make_plan
from stanchion.cluster.run import is_expected
from stanchion.deploy.catalog import read_catalog
from stanchion.errors import StanchionError
from tests.conftest import Outcome
from tests.sessions import Db

SHARDS = 8


def table(relation: int, name: str) -> Table:
    return Table(relation, name, "distributed", "has tenant_id", is_unlogged=False, partitions=0)


def test_every_table_has_a_class(deployed_db: Db) -> None:
    plan = make_plan(deployed_db, SHARDS)
    assert [each.name for each in plan.tables if each.type is None] == []
    classes = {each.name: each.type for each in plan.tables}
    assert classes["core.event"] == "distributed"
    assert classes["core.tenant_config"] == "reference"
    assert classes["core.module_ledger"] == "local"


def test_our_database_is_not_refused(deployed_db: Db) -> None:
    assert make_plan(deployed_db, SHARDS).faults == []


def test_tables_follow_the_tables_they_refer_to(deployed_db: Db) -> None:
    plan = make_plan(deployed_db, SHARDS)
    place = {each.relation: number for number, each in enumerate(plan.tables)}
    keys = deployed_db.execute(
        "select conrelid::bigint, confrelid::bigint from pg_constraint where contype = 'f' and conparentid = 0"
    )
    assert all(place[target] <= place[source] for source, target in keys if source in place and target in place)


def test_a_circle_of_foreign_keys_is_refused() -> None:
    tables = [table(1, "core.a"), table(2, "core.b")]
    with pytest.raises(StanchionError, match=r"are a circle: core\.\w -> core\.\w -> core\.\w"):
        in_order(tables, [(1, 2), (2, 1)])


def test_functions_of_local_tables_stay(deployed_db: Db) -> None:
    local = {each.name: each.local_reason for each in make_plan(deployed_db, SHARDS).functions if each.local_reason}
    assert local["core.plan_expiry()"] == "uses core.partition_set, a local table"
    assert local["workspace.refresh_stats()"] == "is a materialized view"
    assert not any(name.startswith("core.claim_key") for name in local)


FAULTS = {
    "a table without a class": ("create table core.thing (id integer)", "core.thing is in no class"),
    "a sub-select in a policy": (
        "create policy extra on core.principal using (tenant_id = (select core.current_tenant()))",
        "core.principal policy extra contains a sub-select",
    ),
    "a restrictive policy": (
        "create policy extra on core.principal as restrictive using (true)",
        "core.principal policy extra is restrictive",
    ),
    "an identity column": (
        "alter table core.principal add number bigint generated always as identity",
        "core.principal column number is an identity column",
    ),
    "a unique index without the tenant": (
        "create unique index extra on core.principal (display_name)",
        "core.principal index core.extra is unique without tenant_id",
    ),
    "a trigger": (
        "create trigger extra before update on core.principal "
        "for each row execute function suppress_redundant_updates_trigger()",
        "core.principal has the trigger extra",
    ),
    "a foreign key to a local table": (
        "alter table core.principal add model text references core.stat_refresh (model)",
        "refers to core.stat_refresh by the foreign key",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_plan_refuses(db: Db, stanchion: Callable[..., Outcome], name: str) -> None:
    statement, message = FAULTS[name]
    db.execute("set role stanchion_owner")
    db.execute(statement)
    outcome = stanchion("cluster", "plan")
    assert (outcome.code, f"refused: {message}" in outcome.out or message in outcome.out) == (1, True), outcome.out


def test_plan_as_json(db: Db, stanchion: Callable[..., Outcome]) -> None:
    outcome = stanchion("cluster", "plan", "--shards", "16", "--nodes", "4", "--json")
    plan = json.loads(outcome.out)
    assert outcome.code == (1 if plan["refused"] else 0)
    assert plan["shard_tables"] == 4 * plan["shard_tables_on_each_node"]
    assert plan["warnings"] == []
    assert {"name": "core.rate_bucket", "unlogged": True}.items() <= next(
        each for each in plan["tables"] if each["name"] == "core.rate_bucket"
    ).items()
    assert db.execute("select count(*) from core.cluster").fetchone()[0] == 0


def test_plan_warns_about_many_shard_tables(deployed_db: Db) -> None:
    plan = make_plan(deployed_db, 512)
    assert plan.warnings(nodes=2, limit=10_000)[0].startswith("512 shards of every table and partition are ")
    assert plan.warnings(nodes=2, limit=1_000_000) == []


def test_plan_changes_nothing(deployed_db: Db) -> None:
    before = read_catalog(deployed_db)
    make_plan(deployed_db, SHARDS)
    assert read_catalog(deployed_db) == before


def test_nodes_are_compared_without_local_objects(deployed_db: Db) -> None:
    plan: Plan = make_plan(deployed_db, SHARDS)
    catalog = read_catalog(deployed_db)
    lines = catalog.splitlines(keepends=True)
    node = "".join(line for line in lines if "core.partition_set" not in line and "core.plan_expiry" not in line)
    assert objects_differ(catalog, node, plan) == []
    without = "".join(line for line in node.splitlines(keepends=True) if not line.startswith("function core.utc_day("))
    assert [line.split(": ")[:2] for line in objects_differ(catalog, without, plan)] == [
        ["missing", "function core.utc_day(p_at timestamp with time zone)"]
    ]


def test_only_the_changes_of_a_cluster_are_expected() -> None:
    assert is_expected("changed: role stanchion_app: nologin -> login")
    assert is_expected("changed: table core.rate_bucket: unlogged -> nothing")
    assert not is_expected("changed: role stanchion_app: login -> login superuser in x")
    assert not is_expected("changed: role somebody: nologin -> login")
    assert not is_expected("gone: table core.event: owner stanchion_owner")


@pytest.mark.parametrize("text", ["", "host", "host:", ":5432", "host:port", "host:70000"])
def test_bad_addresses_are_refused(text: str) -> None:
    with pytest.raises(StanchionError, match="is not the address of a node"):
        parse_node(text)
