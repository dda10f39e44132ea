"""Pages of other origins read answers only when --origin names their origin."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.chromium import chromium
from tests.conftest import run_stanchion
from tests.serve.web import Web, serving, token
from tests.sessions import Db
from tests.workspace.team import add_members

APP = "https://app.example"


@pytest.fixture
def open_web(make_login: Callable[..., str]) -> Iterator[Web]:
    with serving(make_login("stanchion_app"), "--origin", APP, "--origin", "http://127.0.0.1:8080") as web:
        yield web


def ask(web: Web, origin: str) -> httpx.Response:
    """Send what a browser sends before a request with a token and a body."""
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "apikey, idempotency-key"}
    return web.client.options("/rpc/buy", headers={"Origin": origin} | asked)


def test_a_browser_may_send_credentials_and_read_every_header(open_web: Web) -> None:
    answer = ask(open_web, APP)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == APP
    assert "idempotency-key" in answer.headers["access-control-allow-headers"]
    assert "POST" in answer.headers["access-control-allow-methods"]
    refused = open_web.get("/team", Origin=APP)
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, APP)
    assert {"ETag", "Content-Range", "X-Request-Id"} <= set(
        refused.headers["access-control-expose-headers"].split(", ")
    )
    assert "Origin" in refused.headers["vary"], "a proxy may not give the answer to another origin"
    assert "access-control-allow-credentials" not in refused.headers, "a cookie is no credential here"


@pytest.mark.parametrize("origin", ["https://app.example.evil.example", "http://app.example", f"{APP}:8443", "null"])
def test_other_origins_get_no_permission(open_web: Web, origin: str) -> None:
    assert ask(open_web, origin).status_code == 400
    for answer in (ask(open_web, origin), open_web.get("/healthz", Origin=origin)):
        assert "access-control-allow-origin" not in answer.headers


def test_without_the_option_no_origin_gets_permission(web: Web) -> None:
    assert ask(web, APP).status_code == 405
    assert "access-control-allow-origin" not in web.get("/healthz", Origin=APP).headers


def test_a_star_is_every_origin(make_login: Callable[..., str]) -> None:
    with serving(make_login("stanchion_app"), "--origin", "*") as web:
        assert web.get("/healthz", Origin=APP).headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("origin", ["app.example", f"{APP}/", "https://a@app.example", "https://", "https://a b", ""])
def test_an_origin_that_browsers_never_send_is_refused(origin: str) -> None:
    done = run_stanchion("serve", "--origin", origin)
    assert done.code == 1
    assert "The origin must be like https://app.example, without a path, or *" in done.err


@dataclass
class Pages:
    """A server whose pages may read the answers of `api`, and the token of a member."""

    site: Web
    api: Web
    token: str


@pytest.fixture
def pages(make_login: Callable[..., str], db: Db, tenants: dict[str, str]) -> Iterator[Pages]:
    login, (member, *_) = make_login("stanchion_app"), add_members(db, tenants["ours"], 1)
    with serving(login) as site, serving(login, "--origin", site.url) as api:
        yield Pages(site, api, token(tenants["ours"], sub=member))


@pytest.mark.slow
@pytest.mark.debian
def test_chromium_lets_a_page_of_a_named_origin_read_calls_and_streams(pages: Pages) -> None:
    sent = f"{{headers: {{Authorization: 'Bearer {pages.token}', Prefer: 'count=exact'}}}}"
    reads = f"/team', {sent}).then((a) => [a.status, a.headers.get('content-range'), !!a.headers.get('x-request-id')])"
    socket = (
        f"new Promise((done) => {{ const s = new WebSocket('{pages.api.url.replace('http', 'ws')}/live/events', "
        "['bearer', '%s']); s.onmessage = (m) => done([s.protocol, JSON.parse(m.data).event]);"
        " s.onerror = () => done('refused') })"
    )
    with chromium() as browser:
        ours, theirs = browser.tab(f"{pages.site.url}/healthz"), browser.tab(f"{pages.api.url}/healthz")
        assert ours.run(f"fetch('{pages.api.url}{reads}") == [200, "*/0", True]
        found = ours.run(f"fetch('{pages.api.url}/nothing', {sent}).then((a) => a.json()).then((p) => p.status)")
        assert found == 404
        assert ours.run(socket % pages.token) == ["bearer", "alive"]
        assert ours.run(socket % "nonsense") == "refused"
        assert theirs.run(f"fetch('{pages.site.url}{reads}.catch((e) => e.name)") == "TypeError"
