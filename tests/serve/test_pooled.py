"""Two tenants under load through PgBouncer in transaction mode: no answer has a row of the other tenant."""

import threading
from collections.abc import Callable

import psycopg
import pytest

from stanchion.server.connection import for_tenant
from tests.conftest import Cluster
from tests.replicas.pooler import pooling
from tests.serve.web import serving, token
from tests.sessions import Db

pytestmark = pytest.mark.debian
SENDERS, REQUESTS = 8, 40


def test_no_tenant_reads_another_through_a_pooler(
    cluster: Cluster, make_login: Callable[..., str], db: Db, tenants: dict[str, str]
) -> None:
    login = make_login("stanchion_app")
    keys = {}
    for slug in tenants:
        with for_tenant(db, slug):
            db.execute("insert into contest.team (tenant_id, team_key, name) values (core.current_tenant(), %s, %s)",
                       [slug, slug])  # fmt: skip
            keys[slug] = db.execute("select core.create_api_key('load', '{write}')").fetchone()[0]
            db.execute("select core.add_member('ref@' || %s || '.example', 'Ref', 'viewer')", [slug])
    wrong: list[object] = []
    answers: list[int] = []
    with pooling(cluster, login, sessions=3) as pooler, serving(pooler.dsn(login), "--connections", "8") as web:

        def send(slug: str, number: int) -> None:
            by_token = {"token": token(tenants[slug], email=f"ref@{slug}.example")}
            for n in range(REQUESTS):
                who = by_token if (n + number) % 2 else {"X_Api_Key": keys[slug]}
                if n % 5 == 4:
                    answer = web.post("/rpc/append_events", EVENT | {"stream": f"s{number}-{n}"}, X_Api_Key=keys[slug])
                    seen = [{"tenant_id": tenants[slug]}]
                else:
                    answer = web.get("/team?select=tenant_id", **who)
                    seen = answer.json()
                answers.append(answer.status_code)
                if answer.status_code != 200 or seen != [{"tenant_id": tenants[slug]}]:
                    wrong.append((slug, answer.status_code, answer.text))

        senders = [threading.Thread(target=send, args=(list(tenants)[n % 2], n)) for n in range(SENDERS)]
        for each in senders:
            each.start()
        for each in senders:
            each.join()
    assert wrong == []
    assert len(answers) == SENDERS * REQUESTS
    counts = db.execute("select tenant_id::text, count(*) from core.event group by 1").fetchall()
    assert dict(counts) == dict.fromkeys(tenants.values(), SENDERS * REQUESTS // 10)


EVENT = {"type": "note", "expected": 0, "events": [{"type": "added", "payload": {}}]}


def test_a_session_of_the_server_keeps_nothing(make_login: Callable[..., str], db: Db, tenants: dict[str, str]) -> None:
    """The settings of a request end with its transaction, also when it fails."""
    login = make_login("stanchion_app")
    with serving(login, "--connections", "1") as web:
        assert web.get("/me", token(tenants["ours"])).status_code == 200
        assert web.get("/team?select=nothing", token(tenants["ours"])).status_code in (400, 403)
        assert web.get("/me").status_code == 401
        name = psycopg.conninfo.conninfo_to_dict(login)["user"]
        states = db.execute("select state from pg_stat_activity where usename = %s", [name]).fetchall()
        assert set(states) == {("idle",)}, "no transaction is left open"
