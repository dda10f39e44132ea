"""After a session with a key is killed, one waiting session takes over, and the old attempt cannot complete."""

import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from tests.core.clock import set_clock, share_clock, uuid7
from tests.sessions import Db

BODY = bytes(range(256))
HOLDER = """
import sys, time, psycopg
with psycopg.connect(sys.argv[1]) as conn:
    claim = "select outcome, attempt from core.claim_key(%s, 'f', '1 min')"
    print(*conn.execute(claim, [sys.argv[2]]).fetchone(), flush=True)
    if sys.argv[3] == "commit":
        conn.commit()
    print("holding", flush=True)
    time.sleep(600)
"""
CLAIM = "select outcome, attempt, response_code, response_body from core.claim_key(%s, 'f', '1 min')"


@pytest.fixture(params=["a key of text", "UUIDv7"])
def key(request: pytest.FixtureRequest, db: Db) -> str:
    share_clock(db)
    set_clock(db, 3_600_000)
    return uuid7(0, 1) if request.param == "UUIDv7" else request.param


def kill_a_holder(login: str, key: str, end: str) -> None:
    """Claim the key in a separate process, and kill that process with SIGKILL."""
    argv = [sys.executable, "-c", HOLDER, login, key, end]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert [holder.stdout.readline().strip() for _ in range(2)] == ["claimed 1", "holding"]
        holder.kill()


def claim_when_free(login: str, key: str) -> tuple[Any, ...]:
    """Retry until the key is claimed or completed."""
    with psycopg.connect(login, autocommit=True) as conn:
        while True:
            answer = conn.execute(CLAIM, [key]).fetchone()
            assert answer
            if answer[0] != "in_progress":
                return answer
            time.sleep(0.01)


def test_one_of_many_takes_over_and_the_others_get_its_response(db: Db, login: str, key: str) -> None:
    kill_a_holder(login, key, "commit")
    with psycopg.connect(login, autocommit=True) as conn, ThreadPoolExecutor(16) as pool:
        assert conn.execute(CLAIM, [key]).fetchone()[0] == "in_progress"
        waiting = [pool.submit(claim_when_free, login, key) for _ in range(16)]
        set_clock(db, 3_661_000)  # the lease is over
        while not (done := [future for future in waiting if future.done()]):
            time.sleep(0.01)
        assert done[0].result()[:2] == ("takeover", 2)
        complete = "select core.complete_key(%s, %s, %s, %s)"
        assert conn.execute(complete, [key, 1, 500, b"from the dead"]).fetchone() == (False,)
        assert conn.execute(complete, [key, 2, 201, BODY]).fetchone() == (True,)
        answers = [future.result() for future in waiting]
    assert Counter(answer[0] for answer in answers) == {"takeover": 1, "replay": 15}
    assert {answer[1:] for answer in answers if answer[0] == "replay"} == {(2, 201, BODY)}


def test_claim_killed_before_commit_never_happened(login: str, key: str) -> None:
    kill_a_holder(login, key, "do not commit")
    assert claim_when_free(login, key)[:2] == ("claimed", 1)
