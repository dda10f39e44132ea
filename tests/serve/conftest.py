"""A server of a deployed database with two tenants."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from psycopg.conninfo import make_conninfo

from stanchion.server.connection import for_tenant
from tests.marts.platform import Platform, copy_of
from tests.serve.web import Web, serving, token


@pytest.fixture
def web(make_login: Callable[..., str]) -> Iterator[Web]:
    with serving(make_login("stanchion_app")) as found:
        yield found


@dataclass
class Stats:
    """A server of the marts of two leagues, and a token of each tenant."""

    web: Web
    platform: Platform
    ids: dict[str, str]
    dsn: str

    def token(self, slug: str = "ours", **changes: Any) -> str:
        return token(self.ids[slug], **changes)

    def get(self, path: str, slug: str = "ours", **headers: str) -> httpx.Response:
        return self.web.get(path, self.token(slug, sub="reader", email="ref@ours.example"), **headers)

    def rows(self, path: str, slug: str = "ours", **headers: str) -> Any:
        answer = self.get(path, slug, **headers)
        assert answer.status_code in (200, 206), (path, answer.text)
        return answer.json()


@pytest.fixture(scope="module")
def stats(_built_template: Any, cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stats]:
    """A copy of the leagues for all tests of a module, which add rows at most."""
    template, _ = _built_template
    with copy_of(cluster, template, tmp_path_factory.mktemp("stats")) as platform:
        name, password = f"web_{secrets.token_hex(4)}", secrets.token_hex(8)
        platform.conn.execute(f"create role {name} login password '{password}' in role stanchion_app")
        for slug in ("ours", "theirs"):
            with for_tenant(platform.conn, slug):
                platform.conn.execute(f"select core.add_member('ref@{slug}.example', 'Ref', 'editor')")
        with for_tenant(platform.conn, "theirs"):
            platform.conn.execute("select core.add_member('ref@ours.example', 'Ref', 'editor')")
        ids = {row["slug"]: str(row["tenant_id"]) for row in platform.rows("select slug, tenant_id from core.tenant")}
        dsn = make_conninfo(platform.server.dsn, user=name, password=password)
        with serving(dsn) as web:
            yield Stats(web, platform, ids, dsn)
        platform.conn.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", [name])
        platform.conn.execute(f"drop role {name}")


@pytest.fixture(scope="module")
def key(stats: Stats) -> str:
    """Return an API key that may call functions."""
    with for_tenant(stats.platform.conn, "ours"):
        return str(stats.platform.rows("select core.create_api_key('shop', '{write}') as key")[0]["key"])
