"""Answers without a version, which are kept for some seconds, and reads after own writes."""

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx

from stanchion.server.connection import for_tenant
from tests.serve.cache.conftest import status
from tests.serve.web import Web, serving, token
from tests.sessions import Db
from tests.workspace.team import add_members

KEPT = ("--cache-seconds", "30")


def key_of(db: Db, slug: str) -> str:
    with for_tenant(db, slug):
        return str(db.execute("select core.create_api_key('phone', '{read,write}')").fetchone()[0])


def teams(web: Web, key: str, **headers: str) -> tuple[list[str], str]:
    answer = web.get("/team?select=team_key&order=team_key", X_Api_Key=key, **headers)
    assert answer.status_code == 200, answer.text
    return [row["team_key"] for row in answer.json()], status(answer)


def add_team(db: Db, slug: str, key: str) -> None:
    with for_tenant(db, slug):
        db.execute(
            "insert into contest.team (tenant_id, team_key, name) select core.current_tenant(), %s, %s", [key, key]
        )


def test_an_answer_without_a_version_is_not_kept(web: Web, db: Db, tenants: dict[str, str]) -> None:
    key = key_of(db, "ours")
    for n in range(3):
        add_team(db, "ours", f"t{n}")
        assert teams(web, key) == ([f"t{each}" for each in range(n + 1)], "fwd=bypass")
    answer = web.get("/team?select=team_key", X_Api_Key=key)
    tag = answer.headers["etag"]
    assert web.get("/team?select=team_key", X_Api_Key=key, If_None_Match=tag).status_code == 304
    add_team(db, "theirs", "other")
    assert web.get("/team?select=team_key", X_Api_Key=key, If_None_Match=tag).status_code == 304
    add_team(db, "ours", "t9")
    assert web.get("/team?select=team_key", X_Api_Key=key, If_None_Match=tag).status_code == 200


def test_an_answer_is_kept_for_the_chosen_time(make_login: Callable[..., str], db: Db, tenants: dict[str, str]) -> None:
    with serving(make_login("stanchion_app"), "--cache-seconds", "1") as web:
        key = key_of(db, "ours")
        assert teams(web, key) == ([], "fwd=uri-miss")
        add_team(db, "ours", "t")
        added = began = old = time.monotonic()
        while teams(web, key)[0] == []:
            old, began = began, time.monotonic()
        assert old - added < 1.0, "a request after the chosen time got an old answer"


def test_a_sender_reads_its_own_writes(make_login: Callable[..., str], db: Db, tenants: dict[str, str]) -> None:
    """Two processes keep answers for half a minute. The position of the write leads the other process past them."""
    login = make_login("stanchion_app")
    with serving(login, *KEPT) as one, serving(login, *KEPT) as two:
        key = key_of(db, "ours")
        append = {"type": "note", "stream": "s", "events": [{"type": "added", "payload": {}}]}
        read = "/rpc/read_stream?type=note&stream=s&select=version"

        def versions(web: Web, **headers: str) -> list[int]:
            answer = web.get(read, X_Api_Key=key, **headers)
            assert answer.status_code == 200, answer.text
            return [row["version"] for row in answer.json()]

        for web in (one, two):
            assert versions(web) == []
        for n in range(1, 20):
            answer = one.post("/rpc/append_events", append | {"expected": n - 1}, X_Api_Key=key)
            assert answer.status_code == 200, answer.text
            expected = list(range(1, n + 1))
            assert versions(one) == expected
            assert versions(two, Stanchion_Position=answer.headers["stanchion-position"]) == expected
        assert versions(two) == expected, "the answer with the position took the place of the older one"
        with for_tenant(db, "ours"):
            db.execute("select core.append_events('note', 's', null, %s)", ['[{"type": "added", "payload": {}}]'])
        assert versions(one) == expected, "a write that bypasses the server is seen after the chosen time"
        assert versions(one, Cache_Control="no-cache") == [*expected, 20]


def test_own_writes_are_read_under_load(make_login: Callable[..., str], db: Db, tenants: dict[str, str]) -> None:
    """Readers fill the memory all the time, so a read that began before a write often ends after it."""
    with serving(make_login("stanchion_app"), *KEPT) as web:
        key, done, wrong = key_of(db, "ours"), threading.Event(), list[Any]()

        def read_all() -> None:
            with httpx.Client(base_url=web.url, headers={"X-Api-Key": key}, timeout=30) as client:
                while not done.is_set():
                    for n in range(4):
                        client.get(f"/rpc/read_stream?type=note&stream=s{n}&select=version")

        def write(number: int) -> None:
            with httpx.Client(base_url=web.url, headers={"X-Api-Key": key}, timeout=30) as client:
                for n in range(1, 40):
                    body = {"type": "note", "stream": f"s{number}", "events": [{"type": "a", "payload": {}}]}
                    client.post("/rpc/append_events", json=body | {"expected": n - 1}).raise_for_status()
                    found = client.get(f"/rpc/read_stream?type=note&stream=s{number}&select=version").json()
                    if len(found) != n:
                        wrong.append((number, n, len(found)))

        readers = [threading.Thread(target=read_all) for _ in range(4)]
        writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
        for each in (*readers, *writers):
            each.start()
        for each in writers:
            each.join()
        done.set()
        for each in readers:
            each.join()
        assert wrong == []


def test_persons_of_a_tenant_never_share_an_answer_about_a_person(
    make_login: Callable[..., str], db: Db, tenants: dict[str, str]
) -> None:
    people = {person: slug for slug, tenant in tenants.items() for person in add_members(db, tenant, 3)}
    for person, slug in people.items():
        db.execute(
            "insert into workspace.favourite (tenant_id, principal_id, favourite_id) values (%s, %s, %s)",
            [tenants[slug], person, person],
        )
    with serving(make_login("stanchion_app"), *KEPT) as web:
        wrong: list[Any] = []
        seen: set[str] = set()

        def read_all() -> None:
            for _ in range(20):
                for person, slug in people.items():
                    answer = web.get("/favourite?select=favourite_id", token(tenants[slug], sub=person))
                    seen.add(status(answer))
                    if answer.json() != [{"favourite_id": person}]:
                        wrong.append((person, answer.text))

        readers = [threading.Thread(target=read_all) for _ in range(4)]
        for each in readers:
            each.start()
        for each in readers:
            each.join()
        assert wrong == []
        assert "hit" in seen
        stranger = web.get("/favourite?select=favourite_id", token(tenants["ours"], sub="stranger"))
        assert stranger.status_code == 403, "the answers of members are not for strangers"


def test_persons_of_a_tenant_share_an_answer_about_the_tenant(
    make_login: Callable[..., str], db: Db, tenants: dict[str, str]
) -> None:
    people = add_members(db, tenants["ours"], 3)
    add_team(db, "ours", "t")
    with serving(make_login("stanchion_app"), *KEPT) as web:
        for path in ("/team?select=team_key", "/rpc/leaderboard?competition=cup"):
            found = [web.get(path, token(tenants["ours"], sub=each)) for each in people]
            assert {each.status_code for each in found} == {200}, found[0].text
            assert [status(each) for each in found] == ["fwd=uri-miss", "hit", "hit"]
        other = web.get("/team?select=team_key", token(tenants["theirs"], sub="x", email="x@x.example"))
        assert other.status_code == 403
