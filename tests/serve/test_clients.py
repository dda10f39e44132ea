"""The clients of Supabase, for Python and for JavaScript, get what SQL returns."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from postgrest import APIError, CountMethod, SyncPostgrestClient

from tests.provided import provide
from tests.serve.conftest import Stats

GAMES = "fact_team_game"


def rows(stats: Stats, columns: str, relation: str, condition: str, order: str) -> list[dict[str, Any]]:
    return stats.platform.rows(
        f"select {columns} from marts.{relation} where tenant_id = %s and ({condition}) order by {order}",
        stats.ids["ours"],
    )


def test_the_client_for_python_reads_and_calls(stats: Stats, key: str) -> None:
    with SyncPostgrestClient(
        stats.web.url, schema="marts", headers={"Authorization": f"Bearer {stats.token()}"}
    ) as client:
        found = client.from_(GAMES).select("game_key,side").gt("score_for", 1).order("game_key").order("side").execute()
        assert found.data == rows(stats, "game_key, side", GAMES, "score_for > 1", "1, 2")
        counted = client.from_(GAMES).select("game_key", count=CountMethod.exact).range(1, 2).execute()
        assert (len(counted.data), counted.count) == (2, len(rows(stats, "1", GAMES, "true", "1")))
        listed = client.from_(GAMES).select("side").in_("score_for", [1, 2]).neq("side", "home").execute()
        assert len(listed.data) == len(rows(stats, "1", GAMES, "score_for in (1, 2) and side <> 'home'", "1"))
        nested = client.from_(GAMES).select("game_key,...dim_team!team_key(team_name)").order("game_key").execute()
        assert all(row["team_name"] for row in nested.data)
        assert client.from_("dim_team").select("*").eq("team_key", "nothing").maybe_single().execute() is None
        one = client.from_("dim_team").select("team_key").order("team_key").limit(1).single().execute()
        assert one.data == rows(stats, "team_key", "dim_team", "true", "1")[0]
        with pytest.raises(APIError) as refused:
            client.from_("dim_team").select("nothing").execute()
        assert (refused.value.code, refused.value.message) == ("42703", "column marts.dim_team.nothing does not exist")
        text = client.from_("dim_team").select("team_key").order("team_key").csv().execute()
        assert text.data.splitlines()[0] == "team_key"
    with SyncPostgrestClient(stats.web.url, schema="stock", headers={"apikey": key}) as client:
        item = client.rpc("add_item", {"name": "Hat", "price": 9, "available": 2}).execute().data
        assert client.from_("item").select("item_id").eq("item_id", item).execute().data == [{"item_id": item}]


def test_the_client_for_javascript_reads_and_calls(stats: Stats, key: str) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    folder = provide("npm-package", "@supabase/postgrest-js", "2.119.1")
    script = Path(__file__).with_name("client.mjs")
    done = subprocess.run(
        ["node", script, folder, stats.web.url, stats.token(), key], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["rows"]["data"] == rows(stats, "game_key, score_for", GAMES, "score_for > 1", "1, 2")
    standings = rows(stats, "team_key", "standings", "true", "place")
    assert (found["plain"]["data"][0]["place"], found["plain"]["count"]) == (1, len(standings))
    condition = "score_for in (1, 2) and (score_for = 1 or (score_for = 2 and score_against < 2))"
    assert found["filters"]["data"] == rows(stats, "game_key, side", GAMES, condition, "1, 2")
    assert all(row["team"]["team_name"] for row in found["embedded"]["data"])
    games = rows(stats, "game_key, side", GAMES, "true", "1, 2")
    assert (found["range"]["data"], found["range"]["count"], found["range"]["status"]) == (games[1:3], len(games), 206)
    assert found["head"]["count"] == len(games)
    teams = rows(stats, "team_key", "dim_team", "true", "1")
    assert found["single"]["data"] == teams[0]
    assert (found["none"]["data"], found["none"]["error"]) == (None, None)
    assert (found["notOne"]["error"]["code"], found["notOne"]["status"]) == ("PGRST116", 406)
    assert found["csv"]["data"].splitlines() == ["team_key", *(row["team_key"] for row in teams)]
    assert found["item"]["error"] is None
    assert (found["refused"]["status"], found["refused"]["error"]["code"]) == (403, "42501")
    assert found["wrong"]["error"]["message"] == "column marts.dim_team.colour_of_the_shirt does not exist"
