"""Marts declare their keys, which hold, in the forms that tools read; season views contain names."""

import re
from typing import Any

import psycopg
import pytest
import yaml

from stanchion.marts import build
from stanchion.paths import ROOT
from tests.marts.platform import Platform

Contract = dict[str, Any]
NAMED = ("standings", "fact_team_season", "fact_player_season", "fact_goalie_season", "head_to_head")
NAMED_LIVE = (
    "leaderboard_history",
    "competition_head_to_head",
    "team_record",
    "player_record",
    "fact_competition_game",
)


def contracts() -> list[Contract]:
    """Return the marts as their contracts describe them."""
    files = sorted((ROOT / "dbt_project" / "models" / "marts").glob("*/*__models.yml"))
    return [model for file in files for model in yaml.safe_load(file.read_text(encoding="utf-8"))["models"]]


def keys(model: Contract, kind: str) -> list[Contract]:
    return [constraint for constraint in model["constraints"] if constraint["type"] == kind]


CONTRACTS = contracts()
FOREIGN = [(model["name"], key) for model in CONTRACTS for key in keys(model, "foreign_key")]


def kinds(platform: Platform) -> dict[str, str]:
    rows = platform.rows("select relname, relkind::text from pg_class where relnamespace = 'marts'::regnamespace")
    return {row["relname"]: row["relkind"] for row in rows}


def test_each_table_has_its_primary_key(built: Platform) -> None:
    found = {
        row["mart"]: row["columns"]
        for row in built.rows(
            "select c.relname as mart, array(select a.attname::text "
            "from unnest(k.conkey) with ordinality as u (n, nth) "
            "join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = u.n order by u.nth) as columns "
            "from pg_constraint as k join pg_class as c on c.oid = k.conrelid "
            "where k.contype = 'p' and c.relnamespace = 'marts'::regnamespace"
        )
    }
    expected = {model["name"]: keys(model, "primary_key")[0]["columns"] for model in CONTRACTS}
    tables = {name for name, kind in kinds(built).items() if kind in "rp"}
    assert found == {name: columns for name, columns in expected.items() if name in tables}
    assert len(tables) > 20


@pytest.mark.slow
def test_each_foreign_key_holds(built: Platform) -> None:
    """Postgres does not enforce them, so the rows of the sample must prove them."""
    lost = {}
    for mart, key in FOREIGN:
        target, _, columns = key["expression"].partition(" ")
        own, other = key["columns"], columns.strip("()").split(", ")
        joined = " and ".join(f"o.{one} = t.{two}" for one, two in zip(own, other, strict=True))
        (row,) = built.rows(
            f"select count(*) as rows, count(*) filter (where not exists (select from {target} as t where {joined})) "
            f"as lost from marts.{mart} as o where o.{own[-1]} is not null"
        )
        if row["lost"] or not row["rows"]:  # without rows, the test would prove nothing
            lost[mart, own[-1]] = (row["rows"], row["lost"])
    assert lost == {}


def test_foreign_keys_of_tables_are_declared(built: Platform) -> None:
    tables = {name for name, kind in kinds(built).items() if kind in "rp"}
    expected = {f"{mart}_{key['columns'][-1]}_fkey" for mart, key in FOREIGN if mart in tables}
    rows = built.rows(
        "select conname, to_jsonb(k) ->> 'conenforced' as enforced from pg_constraint as k "
        "where contype = 'f' and connamespace = 'marts'::regnamespace and coninhcount = 0"
    )
    if built.conn.info.server_version >= 180000:
        assert {row["conname"] for row in rows} == expected
        assert {row["enforced"] for row in rows} == {"false"}
    else:
        assert rows == []


def test_comments_contain_the_keys_that_are_no_constraints(built: Platform) -> None:
    has_keys = built.conn.info.server_version >= 180000
    comments = {
        row["relname"]: row["comment"]
        for row in built.rows(
            "select relname, obj_description(oid, 'pg_class') as comment from pg_class "
            "where relnamespace = 'marts'::regnamespace and relkind in ('r', 'p', 'v')"
        )
    }
    for model in CONTRACTS:
        is_view = kinds(built)[model["name"]] == "v"
        tags = [f"@primaryKey {','.join(keys(model, 'primary_key')[0]['columns'])}"] if is_view else []
        if is_view or not has_keys:
            tags += [
                f"@foreignKey ({', '.join(key['columns'])}) references {key['expression']}"
                for key in keys(model, "foreign_key")
            ]
        assert comments[model["name"]] == "\n".join([*tags, model["description"]])


def test_indexes_are_named_after_their_columns(built: Platform) -> None:
    names = [
        row["relname"]
        for row in built.rows(
            "select relname from pg_class where relkind in ('i', 'I') "
            "and relnamespace in ('marts'::regnamespace, 'mart_parts'::regnamespace)"
        )
    ]
    assert [name for name in names if re.search(r"[0-9a-f]{32}", name)] == []
    assert "fact_player_game_tenant_id_person_key_played_on_idx" in names
    assert "fact_player_game_pkey" in names


def test_shares_and_rates_are_numbers_to_programs(built: Platform, analyst: psycopg.Connection[Any]) -> None:
    rows = built.rows(
        "select c.relname || '.' || a.attname as name, format_type(a.atttypid, a.atttypmod) as type "
        "from pg_attribute as a join pg_class as c on c.oid = a.attrelid "
        "where c.relnamespace = 'marts'::regnamespace and c.relkind in ('r', 'p', 'v') "
        "and a.attname ~ '(_share|_share_without|_per_60|(goals|points|against)_per_game)$'"
    )
    assert len(rows) > 20
    assert {row["name"]: row["type"] for row in rows if row["type"] != "double precision"} == {}
    (share,) = analyst.execute("select save_share from fact_goalie_season where save_share > 0 limit 1").fetchone()
    assert isinstance(share, float)
    assert share == round(share, 4)


@pytest.mark.parametrize("mart", [*NAMED, *NAMED_LIVE])
def test_season_marts_contain_names(built: Platform, mart: str) -> None:
    rows = built.rows(f"select * from marts.{mart}")
    named = [column for column in rows[0] if column.endswith(("team_name", "person_name"))]
    assert named
    assert [row for row in rows if not all(row[column] for column in named)] == []
    teams = {
        (row["tenant_id"], row["team_key"]): row["team_name"] for row in built.rows("select * from marts.dim_team")
    }
    for row in rows if mart in NAMED else ():
        for column in named:
            if column.endswith("team_name"):
                assert row[column] == teams[row["tenant_id"], row[column.replace("_name", "_key")]]


def test_an_analyst_needs_no_schema_and_lists_only_marts(built: Platform, analyst: psycopg.Connection[Any]) -> None:
    """`\\d` of psql lists what is visible in the search path; pg_namespace shows the names of all schemas."""
    assert analyst.execute("select count(*) from standings").fetchone()[0] > 0
    visible = analyst.execute(
        "select distinct relnamespace::regnamespace::text from pg_class where pg_table_is_visible(oid) "
        "and relkind in ('r', 'p', 'v', 'm', 'f') and relnamespace <> 'pg_catalog'::regnamespace"
    ).fetchall()
    assert visible == [("marts",)]
    readable = analyst.execute(
        "select distinct relnamespace::regnamespace::text from pg_class where has_any_column_privilege(oid, 'select') "
        "and relkind in ('r', 'p', 'v', 'm', 'f') "
        "and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'public') order by 1"
    ).fetchall()
    assert readable == [("core",), ("marts",)]


OLDER_VIEW = """
    drop view marts.head_to_head;
    set role stanchion_builder;
    create view marts.head_to_head as
    select tenant_id, 1::numeric(9, 2) as games, ''::text as first_team_key from marts.dim_team;
    reset role;
    update core.stat_refresh set definition = 'older' where model = 'marts.head_to_head'
"""


def test_a_view_whose_columns_changed_is_made_again(built: Platform, analyst: psycopg.Connection[Any]) -> None:
    before = analyst.execute("select count(*), min(first_team_name) from head_to_head").fetchone()
    built.conn.execute(OLDER_VIEW)
    built.build("head_to_head", test=False)
    assert analyst.execute("select count(*), min(first_team_name) from head_to_head").fetchone() == before


def test_a_view_of_a_user_on_a_changed_view_is_not_dropped(built: Platform) -> None:
    built.conn.execute(OLDER_VIEW)
    built.conn.execute("create view public.of_a_user as select games from marts.head_to_head")
    report = build(built.server, ["head_to_head"], test=False)
    assert [node.message for node in report.failed if "other objects depend on it" in node.message]
    assert built.rows("select count(*) as n from public.of_a_user")[0]["n"] > 0
