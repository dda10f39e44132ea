"""The example of an application reads the standings and box scores of the tenant of its host name."""

import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from psycopg.conninfo import make_conninfo

from stanchion.access.logins import create_login, drop_login
from stanchion.paths import ROOT
from stanchion.server.connection import for_tenant
from tests.marts.platform import Platform

EXAMPLE = ROOT / "docs" / "examples" / "league_api.py"
Get = Callable[[str, str], Any]


@pytest.fixture
def get(built: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Get]:
    """Return a function that requests a path from a host name."""
    testing = pytest.importorskip("fastapi.testclient")
    password = create_login(built.conn, "pages", "stanchion_app")
    monkeypatch.setenv("DATABASE_URL", make_conninfo(built.server.dsn, user="pages", password=password))
    for slug in ("ours", "theirs"):
        with for_tenant(built.conn, slug):
            built.conn.execute("select core.add_tenant_domain(%s)", [f"{slug}.example"])
    spec = importlib.util.spec_from_file_location("league_api", EXAMPLE)
    assert spec and spec.loader
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    try:
        yield lambda host, path: testing.TestClient(example.app, base_url=f"http://{host}").get(path)
    finally:
        example.pool.close()
        drop_login(built.conn, "pages")


def truth(platform: Platform, slug: str, mart: str, condition: str) -> list[dict[str, Any]]:
    return platform.rows(
        f"select m.* from marts.{mart} as m join core.tenant as t using (tenant_id) where t.slug = %s and {condition}",
        slug,
    )


def test_each_host_name_gets_the_marts_of_its_tenant(built: Platform, get: Get) -> None:
    (season,) = {row["season_key"] for row in truth(built, "ours", "standings", "game_type = 'Regular'")}
    for slug in ("ours", "theirs"):
        lines = get(f"{slug}.example", f"/standings/{season}").json()
        expected = truth(built, slug, "standings", f"season_key = '{season}' and game_type = 'Regular'")
        assert sorted((line["team_name"], float(line["points"])) for line in lines) == sorted(
            (row["team_name"], float(row["points"])) for row in expected
        )
        assert all(line["team_name"] for line in lines)
        players = get(f"{slug}.example", "/games/1001/players").json()
        assert len(players) == len(truth(built, slug, "fact_player_game", "game_key = '1001'")) > 10
        assert {line["tenant_id"] for line in players} == {line["tenant_id"] for line in lines}


def test_an_unknown_host_name_gets_no_row(get: Get) -> None:
    answer = get("unknown.example", "/standings/2025-26")
    assert (answer.status_code, answer.json()["detail"]) == (404, "The host name unknown.example belongs to no league.")


def test_the_example_is_short() -> None:
    code = [line for line in EXAMPLE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert len(code) <= 31
