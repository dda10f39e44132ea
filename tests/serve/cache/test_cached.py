"""Answers from marts that are kept while the versions of the marts are the same."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from stanchion.server.connection import for_tenant
from tests.conftest import Cluster
from tests.replicas.pooler import pooling
from tests.serve.cache.conftest import READ, Mart, connection, end_sessions, require_seen, status
from tests.serve.web import problem, serving
from tests.sessions import Db, wait_for_waiting

SERVED = "application_name = 'stanchion serve'"


def pages(db: Db) -> int:
    """Return the number of scans and pages of the mart, after the sessions that read it have counted them."""
    while db.execute(f"select from pg_stat_activity where datname = current_database() and {SERVED}").fetchone():
        time.sleep(0.01)
    db.execute("select pg_stat_force_next_flush()")
    found = db.execute(
        "select seq_scan + coalesce(idx_scan, 0) + heap_blks_read + heap_blks_hit from pg_stat_all_tables "
        "join pg_statio_all_tables using (relid) where relid = 'marts.result'::regclass"
    )
    return int(found.fetchone()[0])


def test_a_client_with_the_answer_causes_no_read_of_the_mart(mart: Mart) -> None:
    """The process has no answer in memory: the version alone decides."""
    with serving(mart.login) as web:
        first = mart.get(web)
        assert (first.status_code, status(first)) == (200, "fwd=uri-miss")
    tag, before = first.headers["etag"], pages(mart.db)
    with serving(mart.login) as web:
        for path in (READ, READ):
            answer = mart.get(web, path, If_None_Match=tag)
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
            assert "content-range" not in answer.headers
    assert pages(mart.db) == before
    mart.change(2)
    with serving(mart.login) as web:
        answer = mart.get(web, If_None_Match=tag)
        assert (answer.status_code, answer.json()) == (200, [{"name": "ours", "goals": 2}])
        assert answer.headers["etag"] != tag
    assert pages(mart.db) > before, "the test sees a read"


def test_an_answer_in_memory_causes_no_read_of_the_mart(mart: Mart) -> None:
    with serving(mart.login) as web:
        first = mart.get(web)
    before = pages(mart.db)
    with serving(mart.login) as web:
        found = [mart.get(web) for _ in range(20)]
        assert [status(each) for each in found] == ["fwd=uri-miss"] + ["hit"] * 19
        assert {each.content for each in found} == {first.content}
        assert {each.headers["etag"] for each in found} == {first.headers["etag"]}, "the same in each process"
        ids = {each.headers["x-request-id"] for each in found}
        assert len(ids) == 20, "an answer from memory has its own request id"
        head = web.client.head(READ, headers={"Authorization": f"Bearer {mart.token()}"})
        assert (status(head), head.content, head.headers["content-length"]) == ("hit", b"", str(len(first.content)))
    once = pages(mart.db) - before
    with serving(mart.login) as web:
        mart.get(web)
    assert pages(mart.db) - before == 2 * once > 0


def test_a_build_is_seen_soon_after_its_commit(mart: Mart) -> None:
    """The notification arrives by itself, so no other request asks for a new answer."""
    with serving(mart.login) as web:
        for goals in range(2, 12):
            mart.get(web)
            mart.change(goals)
            while mart.get(web).json()[0]["goals"] != goals:
                time.sleep(0.001)
            assert status(mart.get(web)) == "hit"


def test_a_client_that_wants_no_kept_answer_gets_none(mart: Mart) -> None:
    with serving(mart.login) as web:
        for goals in range(2, 12):
            mart.get(web)
            mart.change(goals, is_closed=False)
            for headers in ({"Cache_Control": "no-cache"}, {"Stanchion_Position": "0/1"}):
                answer = mart.get(web, **headers)
                assert (answer.json()[0]["goals"], status(answer)) == (goals, "fwd=bypass")


@pytest.mark.parametrize("listener", ["connected", "lost"])
def test_a_change_without_a_notification_is_seen_within_the_bound(mart: Mart, listener: str) -> None:
    with serving(mart.login) as web:
        for goals in (2, 3):
            mart.get(web)
            if listener == "lost":
                end_sessions(mart.db, "application_name = 'stanchion serve live'")
            mart.change(goals, is_closed=False)
            require_seen(mart, web, goals)


def test_a_server_that_cannot_ask_the_database_serves_nothing_after_the_bound(mart: Mart) -> None:
    """Another login of the database is refused, so that no session can be made again."""
    with serving(mart.login) as web:
        mart.get(web)
        name = mart.db.info.dbname
        with connection(mart.db, "postgres") as admin:
            admin.execute(f'alter database "{name}" allow_connections false')
        try:
            end_sessions(mart.db, "application_name like 'stanchion serve%'")
            while web.get(READ, mart.token()).status_code != 503:
                time.sleep(0.05)
            time.sleep(0.1)
            assert problem(web.get(READ, mart.token()))[0] == 503, "it stays so"
        finally:
            with connection(mart.db, "postgres") as admin:
                admin.execute(f'alter database "{name}" allow_connections true')
        while web.get(READ, mart.token()).status_code != 200:
            time.sleep(0.05)


def test_a_read_that_began_before_a_change_is_not_kept_after_it(mart: Mart) -> None:
    """The read waits between the version and the rows, and the build commits both while it waits."""
    with serving(mart.login) as web, connection(mart.db) as builder:
        mart.get(web, "/total")  # the catalog is read
        answers: list[Any] = []
        with builder.transaction():
            builder.execute("lock table marts.result in access exclusive mode")
            reader = threading.Thread(target=lambda: answers.append(mart.get(web)))
            reader.start()
            wait_for_waiting(mart.db, 1)
            mart.change(7, builder)
        reader.join()
        assert answers[0].json()[0]["goals"] == 7
        again = mart.get(web)
        assert (again.json()[0]["goals"], status(again)) == (7, "fwd=uri-miss"), "the first answer was not kept"
        assert again.headers["etag"] != answers[0].headers["etag"]
        assert status(mart.get(web)) == "hit"


def test_the_definition_and_the_rights_are_a_part_of_the_version(mart: Mart) -> None:
    with serving(mart.login) as web:
        tag = mart.get(web, "/total").headers["etag"]
        mart.db.execute(
            "create or replace view marts.total with (security_invoker) as "
            "select sum(goals) * 10 as goals from marts.result"
        )
        answer = mart.get(web, "/total", If_None_Match=tag, Cache_Control="no-cache")
        assert answer.json() == [{"goals": 10}]
        mart.get(web)
        mart.db.execute("revoke select on marts.result from stanchion_app")
        refused = web.get(READ, mart.token(), Cache_Control="no-cache")
        assert problem(refused)[0] == 403
        deadline = time.monotonic() + 30
        while web.get(READ, mart.token()).status_code != 403:
            assert time.monotonic() < deadline, "the answer in memory has no bound"
        assert refused.headers["cache-control"] == "no-store"


def test_equal_requests_at_once_are_one_read(mart: Mart) -> None:
    with serving(mart.login) as web, connection(mart.db) as builder:
        mart.get(web, "/total")
        found: list[Any] = []
        senders = [threading.Thread(target=lambda: found.append(mart.get(web))) for _ in range(8)]
        with builder.transaction():
            builder.execute("lock table marts.result in access exclusive mode")
            for each in senders:
                each.start()
            wait_for_waiting(mart.db, 1)
            time.sleep(0.3)  # for the others to arrive; without them the test proves less, and does not fail
            waiting = mart.db.execute("select count(*) from pg_locks where not granted").fetchone()[0]
        for each in senders:
            each.join()
        assert waiting == 1
        assert sorted({status(each) for each in found}) in (
            ["fwd=uri-miss", "fwd=uri-miss; collapsed"],
            ["fwd=uri-miss", "fwd=uri-miss; collapsed", "hit"],
        )
        assert [each.json()[0]["goals"] for each in found] == [1] * 8


@pytest.fixture(params=["direct", pytest.param("pooled", marks=pytest.mark.debian)])
def place(request: pytest.FixtureRequest, mart: Mart, cluster: Cluster) -> Iterator[str]:
    """Yield the login of a server, once without and once with a pooler in transaction mode."""
    if request.param == "direct":
        yield mart.login
    else:
        with pooling(cluster, mart.login) as pooler:
            yield pooler.dsn(mart.login)


def test_tenants_and_kinds_of_senders_never_share_an_answer(mart: Mart, place: str) -> None:
    """Two tenants, persons, programs and anybody read one URL at once, while builds change the mart."""
    db, wrong, seen = mart.db, list[Any](), set[tuple[str, str]]()
    keys = {}
    for slug in mart.tenants:
        with for_tenant(db, slug):
            keys[slug] = db.execute("select core.create_api_key('phone', '{read}')").fetchone()[0]
            db.execute("select core.add_tenant_domain(%s)", [f"{slug}.example"])
            db.execute("""select core.set_tenant_config('serve', 'published', '["marts.result"]')""")
    with serving(place) as web:
        done = threading.Event()

        def send(number: int) -> None:
            slug = list(mart.tenants)[number % 2]
            who: dict[str, Any] = (
                {"X_Api_Key": keys[slug]},
                {"Host": f"{slug}.example"},
                {"token": mart.token(slug, sub=f"person {number}")},
                {"token": mart.token(slug, sub="shared"), "If_None_Match": '"other"'},
            )[number // 2 % 4]
            while not done.is_set():
                answer = web.get(READ, **who)
                seen.add((slug, status(answer) if answer.status_code == 200 else "refused"))
                if answer.status_code != 200 or [row["name"] for row in answer.json()] != [slug]:
                    wrong.append((slug, who, answer.status_code, answer.text))

        senders = [threading.Thread(target=send, args=(n,)) for n in range(16)]
        for each in senders:
            each.start()
        for goals in range(50):
            mart.change(goals)
            time.sleep(0.02)
        done.set()
        for each in senders:
            each.join()
        assert wrong == []
        assert {("ours", "hit"), ("theirs", "hit")} <= seen
        etags = [
            web.get(READ, **who).headers["etag"]
            for who in ({"token": mart.token()}, {"token": mart.token("theirs")}, {"Host": "ours.example"})
        ]
        assert len(set(etags)) == 3
        for number, slug in enumerate(mart.tenants):
            answer = web.get(READ, mart.token(slug), If_None_Match=etags[1 - number])
            assert answer.status_code == 200, "the ETag of another tenant proves nothing"


def test_only_the_answer_to_anybody_may_be_shared(mart: Mart) -> None:
    with for_tenant(mart.db, "ours"):
        mart.db.execute("select core.add_tenant_domain('ours.example')")
        mart.db.execute("""select core.set_tenant_config('serve', 'published', '["marts.result"]')""")
    with serving(mart.login) as web:
        for who, expected in (({"token": mart.token()}, "private"), ({"Host": "ours.example"}, "public")):
            for _ in range(2):
                answer = web.get(READ, **who)
                assert answer.headers["cache-control"] == f"{expected}, no-cache"
                assert {"Authorization", "X-Api-Key", "Accept"} <= set(answer.headers["vary"].split(", "))
        assert web.get("/total", Host="ours.example").status_code == 401, "it is not published"
        with for_tenant(mart.db, "ours"):
            mart.db.execute("select core.set_tenant_config('serve', 'published', '[]')")
        while (answer := web.get(READ, Host="ours.example")).status_code == 200:
            time.sleep(0.1)
        assert answer.status_code == 401


def test_a_revoked_key_and_an_expired_token_get_nothing_from_memory(mart: Mart) -> None:
    with for_tenant(mart.db, "ours"):
        key = mart.db.execute("select core.create_api_key('phone', '{read}')").fetchone()[0]
    with serving(mart.login, "--skew", "0") as web:
        expires = int(time.time()) + 3
        short = mart.token(exp=expires)
        found = [web.get(READ, X_Api_Key=key), web.get(READ, X_Api_Key=key), web.get(READ, short), web.get(READ, short)]
        assert [status(each) for each in found] == ["fwd=uri-miss", "hit"] * 2
        with for_tenant(mart.db, "ours"):
            mart.db.execute("select core.revoke_api_key('phone')")
        revoked = began = old = time.monotonic()
        while web.get(READ, X_Api_Key=key).status_code == 200:
            old, began = began, time.monotonic()
        assert old - revoked < 1.0, "the last request that was answered began within the bound"
        assert web.get(READ, X_Api_Key=key).status_code == 401
        assert web.get(READ, X_Api_Key=key, If_None_Match=found[0].headers["etag"]).status_code == 401
        while time.time() < expires:
            assert web.get(READ, short).status_code == 200 or time.time() >= expires
        assert problem(web.get(READ, short)) == (401, "the token has expired")
        assert web.get(READ, f"{short}x").status_code == 401
        assert status(mart.get(web)) == "hit", "the answer itself is still in memory"


def test_without_memory_the_rows_themselves_decide(mart: Mart) -> None:
    with serving(mart.login, "--cache-bytes", "0", "--cache-seconds", "60") as web:
        answers = [mart.get(web) for _ in range(3)]
        assert [status(each) for each in answers] == ["fwd=bypass"] * 3
        tag = answers[0].headers["etag"]
        assert mart.get(web, If_None_Match=tag).status_code == 304
        for goals in range(2, 12):
            mart.change(goals, is_closed=False)
            assert mart.get(web, If_None_Match=tag).json()[0]["goals"] == goals, "at once"


def test_words_that_move_with_the_clock_have_no_version(mart: Mart) -> None:
    with serving(mart.login) as web:
        for condition in ("lt.today", "lt.tomorrow", "lt.TODAY", "lt.n%6Fw", "in.(yesterday,2020-01-01)"):
            path = f"/result?select=name&played_on={condition}"
            found = [mart.get(web, path) for _ in range(2)]
            assert [status(each) for each in found] == ["fwd=bypass"] * 2
            assert found[0].json() == [{"name": "ours"}]


def test_each_part_of_a_request_has_its_own_answer(mart: Mart) -> None:
    with serving(mart.login) as web:
        plain = mart.get(web)
        assert mart.get(web, Accept="text/csv").text == "name,goals\nours,1\n"
        assert mart.get(web, Prefer="count=exact").headers["content-range"] == "0-0/1"
        assert mart.get(web, Range="1-5").json() == []
        assert mart.get(web, Accept="application/vnd.pgrst.object+json").json() == {"name": "ours", "goals": 1}
        assert mart.get(web, "/result?select=name&order=name").json() == [{"name": "ours"}]
        again = [
            mart.get(web),
            mart.get(web, Accept="text/csv"),
            mart.get(web, Prefer="count=exact"),
            mart.get(web, Range="1-5"),
        ]
        assert [status(each) for each in again] == ["hit"] * 4
        assert again[0].content == plain.content
        assert len({each.headers["etag"] for each in again}) == 4
        assert web.get("/result?select=nothing", mart.token()).status_code == 400
        assert web.get("/result?select=nothing", mart.token()).status_code == 400


def test_the_memory_has_a_bound(mart: Mart) -> None:
    with serving(mart.login, "--cache-bytes", "20000", "--metrics") as web:
        for n in range(100):
            mart.get(web, f"/result?select=name&goals=lt.{n + 2}")
        families = {each.name: each for each in text_string_to_metric_families(web.get("/metrics").text)}
        assert 0 < families["stanchion_serve_cache_bytes"].samples[0].value <= 20_000
        assert status(mart.get(web, "/result?select=name&goals=lt.101")) == "hit"
        assert status(mart.get(web, "/result?select=name&goals=lt.2")) == "fwd=uri-miss"


def test_metrics_and_the_log_contain_answers_from_memory(mart: Mart) -> None:
    with serving(mart.login, "--metrics", "--log-format", "json") as web:
        tag = mart.get(web).headers["etag"]
        for _ in range(7):
            mart.get(web)
        for _ in range(2):
            mart.get(web, If_None_Match=tag)
        families = {each.name: each for each in text_string_to_metric_families(web.get("/metrics").text)}
        results = {each.labels["result"]: each.value for each in families["stanchion_serve_cache_answers"].samples}
        assert results == {"hit": 7, "not_modified": 2, "miss": 1, "collapsed": 0, "bypass": 0}
        assert families["stanchion_serve_cache_hit_ratio"].samples[0].value == 0.9
        counts = {tuple(each.labels.values()): each.value for each in families["stanchion_serve_requests"].samples}
        assert (counts["/{relation}", "GET", "200"], counts["/{relation}", "GET", "304"]) == (8, 2)
        web.process.terminate()
        lines = [json.loads(line) for line in web.process.stderr.read().splitlines()]
        logged = [each for each in lines if each["event"] == "request" and "/result" in each["message"]]
        assert [each["tenant"] for each in logged] == ["ours"] * 10


def test_a_server_that_is_killed_leaves_no_answer_behind(mart: Mart) -> None:
    with serving(mart.login) as web:
        mart.get(web)
        os.kill(web.process.pid, signal.SIGKILL)
        web.process.wait(30)
    mart.change(5, is_closed=False)
    with serving(mart.login) as web:
        assert mart.get(web).json()[0]["goals"] == 5


def test_the_limit_of_requests_counts_answers_from_memory(mart: Mart) -> None:
    with serving(mart.login, "--rate", "5") as web:
        statuses = [web.get(READ, mart.token()).status_code for _ in range(7)]
        assert statuses == [200] * 5 + [429] * 2


def test_an_address_that_is_refused_often_gets_nothing_from_memory(mart: Mart) -> None:
    with serving(mart.login) as web:
        mart.get(web)
        for _ in range(60):
            web.get(READ, "wrong")
        assert web.get(READ, mart.token()).status_code == 429


def test_answers_from_memory_are_in_the_rules_of_hosts(mart: Mart) -> None:
    """A request with two credentials or with another host is not the request whose sender was checked."""
    with for_tenant(mart.db, "theirs"):
        mart.db.execute("select core.add_tenant_domain('theirs.example')")
    with serving(mart.login) as web:
        mart.get(web)
        assert status(mart.get(web)) == "hit"
        assert web.get(READ, mart.token(), Host="theirs.example").status_code == 403
        two = [("Authorization", f"Bearer {mart.token()}"), ("Authorization", f"Bearer {mart.token('theirs')}")]
        assert web.client.get(READ, headers=two).status_code == 400
