"""build --plan lists the marts that a build would compute, for which tenants and why, and writes nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stanchion.marts.models import tables
from tests.marts import parsed
from tests.marts.league import play
from tests.marts.platform import Platform
from tests.marts.test_command import as_login
from tests.program import call_stanchion

NOTHING = "Nothing new: the marts contain every completed load.\n"


def run(platform: Platform, *args: str, dsn: str | None = None) -> Any:
    return call_stanchion("build", "--plan", *args, database_url=dsn or platform.server.dsn)


def planned(platform: Platform, *args: str) -> list[dict[str, Any]]:
    outcome = run(platform, "--json", *args)
    assert outcome.code == 0, outcome.err
    rows: list[dict[str, Any]] = json.loads(outcome.out)["planned"]
    return rows


def tenants(rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(row["tenant"], row["reason"]) for row in rows}


def written(platform: Platform) -> list[dict[str, Any]]:
    """Return the numbers of writes to all tables of the database, and the positions of the marts."""
    platform.settle("application_name like 'stanchion%' and pid <> pg_backend_pid()")
    return platform.rows(
        "select relid, n_tup_ins, n_tup_upd, n_tup_del from pg_stat_user_tables "
        "where n_tup_ins + n_tup_upd + n_tup_del > 0 order by relid"
    ) + platform.rows("select * from core.stat_refresh order by model")


def test_the_tables_are_those_that_dbt_parses() -> None:
    expected = {
        f"{node['schema']}.{node['name']}": (
            node["config"].get("changes") or "loads",
            bool(node["config"].get("always")),
            node["config"]["materialized"] == "replace_changed",
        )
        for node in parsed.manifest()["nodes"].values()
        if node["resource_type"] == "model" and node["config"]["materialized"] != "secure_view"
    }
    found = {model.name: (model.changes, model.is_always_compared, model.is_of_games) for model in tables()}
    assert found == expected


@pytest.mark.slow
@pytest.mark.long
def test_new_loads_are_planned_and_the_build_computes_them(built: Platform, tmp_path: Path) -> None:
    before = written(built)
    assert run(built).out.startswith(NOTHING)
    assert "dim_league_rules" in run(built).out
    assert written(built) == before
    ours = built.leagues["ours"]
    ours.official[1001] = (8, 0)
    ours.schedule(built.server, [ours.games[0]])
    ours.official[1002] = (7, 0)
    ours.schedule(built.server, [ours.games[1]])
    before = written(built)
    rows = planned(built)
    assert tenants(rows) == {("ours", "new loads")}
    assert {row["games"] for row in rows if row["mart"] == "marts.fact_team_game"} == {2}
    assert all(len(row["loads"]) == 2 for row in rows)
    line = run(built, "--tenant", "ours").out.splitlines()[1]
    assert line.split()[:3] == ["ours", "new", "loads"]
    assert run(built, "--tenant", "theirs").out.startswith(NOTHING)
    assert written(built) == before
    result = built.build()
    computed = {
        node.name for node in result.nodes if node.kind == "model" and node.outcome == "built" and "." in node.name
    }
    assert computed & {model.name for model in tables()} <= {row["mart"] for row in rows} | {
        model.name for model in tables() if model.is_always_compared
    }
    assert "marts.fact_team_game" in computed
    assert run(built).out.startswith(NOTHING)


def test_a_new_tenant_new_orders_and_a_new_mart_have_their_reasons(built: Platform, tmp_path: Path) -> None:
    built.conn.execute("select core.create_tenant('fresh', 'Fresh', 'league')")
    league = play("fresh", 1, 5001, seed=9)
    league.schedule(built.server)
    league.load(built.server, tmp_path)
    assert tenants(planned(built)) == {("fresh", "new tenant")}
    with built.conn.transaction():
        built.conn.execute(
            "select set_config('app.tenant_id', tenant_id::text, true) from core.tenant where slug = 'ours'"
        )
        built.conn.execute("select stock.buy(item_id, 1, 'late') from stock.item limit 1")
    orders = [row for row in planned(built) if row["reason"] == "new orders"]
    assert {(row["tenant"], row["items"], row["games"]) for row in orders} == {("ours", 1, None)}
    built.conn.execute("delete from core.stat_refresh where model = 'marts.fact_shot'")
    assert tenants(planned(built, "fact_shot")) == {(slug, "new mart") for slug in ("fresh", "ours", "theirs")}
    full = planned(built, "fact_team_game", "--full-refresh", "--tenant", "ours")
    assert [(row["reason"], row["games"]) for row in full] == [("full refresh", 6)]


def test_a_changed_project_and_a_running_load_are_named(built: Platform) -> None:
    assert "every view is made again" not in run(built).out
    built.conn.execute("update core.stat_refresh set definition = 'old' where model = 'staging.views'")
    (load,) = built.rows(
        "insert into landing.load_batch (tenant_id, load_id, state, kind, source) "
        "select t.tenant_id, max(b.load_id) + 1, 'running', 'games', 'a test' "
        "from landing.load_batch as b, core.tenant as t where t.slug = 'ours' group by t.tenant_id returning load_id"
    )
    outcome = run(built)
    assert outcome.out.startswith(NOTHING)
    assert "every view is made again" in outcome.out
    assert f"Load {load['load_id']} of ours has been running" in outcome.out
    assert built.rows("select state from landing.load_batch where load_id = %s", load["load_id"]) == [
        {"state": "running"}
    ]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["fact_team_gam"], "did you mean fact_team_game"),
        (["fact_team_game+"], "--plan expects names without the operators of dbt"),
        (["standings"], "'standings' is not a mart with rows of its own"),
        (["--tenant", "nowhere"], "Tenant 'nowhere' does not exist"),
    ],
)
def test_wrong_names_are_refused(built: Platform, args: list[str], words: str) -> None:
    outcome = run(built, *args)
    assert (outcome.code, outcome.out) == (1, "")
    assert words in outcome.err
    assert "Traceback" not in outcome.err


def test_a_login_without_the_builder_is_refused(built: Platform, make_login: Callable[..., str]) -> None:
    outcome = run(as_login(built, make_login("stanchion_app")))
    assert outcome.code == 1
    assert "not a member of stanchion_builder" in outcome.err
    builder = as_login(built, make_login("stanchion_builder"))
    assert run(builder).code == 0
