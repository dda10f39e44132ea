"""Exactly one of many concurrent sessions claims a key, around midnight and at any isolation level."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier
from typing import Any

import psycopg
import pytest

from tests.conftest import on_citus
from tests.core.clock import set_clock, share_clock, uuid7
from tests.sessions import Db, wait_for_waiting

Claim = tuple[str, int, int | None, bytes | None]  # outcome, attempt, response code and body

SESSIONS = 64
ZONES = ("UTC", "Pacific/Auckland", "Pacific/Honolulu")
LEVELS = ("read committed", "repeatable read", "serializable")
BODY = b"done\x00\xff"


@pytest.fixture
def login(db: Db, login: str) -> str:
    share_clock(db)
    return login


@pytest.fixture
def open_sessions(login: str) -> Iterator[Callable[[int, str], list[Db]]]:
    with ExitStack() as stack:

        def open_them(count: int, level: str) -> list[Db]:
            sessions = [stack.enter_context(psycopg.connect(login, autocommit=True)) for _ in range(count)]
            for number, conn in enumerate(sessions):
                conn.execute(f"set default_transaction_isolation = '{level}'")
                conn.execute(f"set timezone = '{ZONES[number % 3]}'")
            return sessions

        yield open_them


def retry(conn: Db, statement: str, values: list[Any]) -> Any:
    """Retry on SQLSTATE 40001, as callers above READ COMMITTED do."""
    while True:
        try:
            return conn.execute(statement, values).fetchone()
        except psycopg.errors.SerializationFailure:
            continue


def claim(conn: Db, key: str, fingerprint: bytes = b"f", lease: str = "30 s") -> Claim:
    return retry(conn, "select * from core.claim_key(%s, %s, %s)", [key, fingerprint, lease])


def complete(conn: Db, key: str, attempt: int, body: bytes = BODY) -> bool:
    return retry(conn, "select core.complete_key(%s, %s, 200, %s)", [key, attempt, body])[0]


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("rounds", [25, pytest.param(200, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("kind", ["text", "UUIDv7"])
def test_one_of_64_sessions_claims_a_key_at_midnight(
    kind: str,
    level: str,
    rounds: int,
    db: Db,
    open_sessions: Callable[[int, str], list[Db]],
    request: pytest.FixtureRequest,
) -> None:
    if level != "read committed" and on_citus(request):
        rounds = 4  # each call, and each retry, connects to the coordinator
    sessions = open_sessions(SESSIONS, level)
    choose = random.Random(5)
    # the first round is after midnight with any noise of the clock
    starts = [10, *(choose.randint(-2 * SESSIONS, 0) for _ in range(rounds - 1))]
    keys = [uuid7(start + 30, round_) if kind == "UUIDv7" else f"key {round_}" for round_, start in enumerate(starts)]
    upcoming = iter(starts)
    together = Barrier(SESSIONS, lambda: set_clock(db, next(upcoming)), timeout=60)

    def session(number: int) -> list[tuple[bytes, Claim]]:
        conn, answers = sessions[number], []
        fingerprint = b"other" if number % 16 == 0 else b"f"
        for key in keys:
            together.wait()
            answer = claim(conn, key, fingerprint)
            if answer[0] == "claimed" and number % 2:
                assert complete(conn, key, answer[1])
            answers.append((fingerprint, answer))
        return answers

    with ThreadPoolExecutor(SESSIONS) as pool:
        by_session = list(pool.map(session, range(SESSIONS)))
    for answers in zip(*by_session, strict=True):
        winners = [fingerprint for fingerprint, (outcome, *_) in answers if outcome == "claimed"]
        assert len(winners) == 1
        for fingerprint, (outcome, attempt, code, body) in answers:
            expected = {"claimed", "in_progress", "replay"} if fingerprint == winners[0] else {"mismatch"}
            assert outcome in expected
            assert attempt == 1
            assert (code, body) == ((200, BODY) if outcome == "replay" else (None, None))
    days = Counter(day for (day,) in db.execute("select claimed_on::text from core.idempotency_key"))
    assert sum(days.values()) == rounds
    assert len(days) == 2, "the rounds must lie on both sides of midnight"


@pytest.mark.parametrize("level", LEVELS[1:])
def test_snapshot_older_than_a_claim_gets_40001(
    level: str, db: Db, open_sessions: Callable[[int, str], list[Db]]
) -> None:
    early, late = open_sessions(2, level)
    for number, (first, then) in enumerate([(-1000, 1000), (-1000, -500), (1000, -1000)]):
        with pytest.raises(psycopg.errors.SerializationFailure), late.transaction():
            late.execute("select 1")
            set_clock(db, first)
            assert claim(early, f"key {number}")[0] == "claimed"
            set_clock(db, then)
            late.execute("select * from core.claim_key(%s, 'f')", [f"key {number}"])
        assert claim(late, f"key {number}")[0] == "in_progress"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("key", ["a key", uuid7(0, 1)])
def test_rolled_back_claim_never_happened(
    key: str, level: str, db: Db, open_sessions: Callable[[int, str], list[Db]]
) -> None:
    first, second, third = open_sessions(3, level)
    set_clock(db, 0)
    first.execute("begin")
    assert claim(first, key)[0] == "claimed"
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(claim, conn, key) for conn in (second, third)]
        wait_for_waiting(db, 2)
        first.execute("rollback")
        outcomes = sorted(future.result()[0] for future in waiting)
    assert outcomes == ["claimed", "in_progress"]


@pytest.mark.parametrize("key", ["a key", uuid7(0, 1)])
def test_waiting_claim_does_not_block_the_completion(
    key: str, db: Db, open_sessions: Callable[[int, str], list[Db]]
) -> None:
    holder, waiting = open_sessions(2, "read committed")
    set_clock(db, 0)
    assert claim(holder, key)[0] == "claimed"
    with waiting.transaction():
        assert claim(waiting, key)[0] == "in_progress"
        holder.execute("set lock_timeout = '2s'")
        assert complete(holder, key, 1)
    assert claim(waiting, key)[0] == "replay"


@pytest.mark.parametrize("key", ["a key", uuid7(0, 1)])
def test_tenants_have_separate_keys(
    key: str, db: Db, tenants: dict[str, str], open_sessions: Callable[[int, str], list[Db]]
) -> None:
    ours, theirs = open_sessions(2, "read committed")
    set_clock(db, 0)
    theirs.execute("select set_config('app.tenant_id', %s, false)", [tenants["theirs"]])
    with ours.transaction(), theirs.transaction():
        assert claim(ours, key)[0] == claim(theirs, key)[0] == "claimed"


def test_lease_starts_after_the_wait_for_another_claim(db: Db, open_sessions: Callable[[int, str], list[Db]]) -> None:
    first, second, third = open_sessions(3, "read committed")
    set_clock(db, 0)
    key = uuid7(0, 1)
    with ThreadPoolExecutor(1) as pool:
        first.execute("begin")
        assert claim(first, key)[0] == "claimed"
        waiting = pool.submit(claim, second, key)
        wait_for_waiting(db, 1)
        set_clock(db, 60_000)
        first.execute("rollback")
        assert waiting.result()[0] == "claimed"
    assert claim(third, key)[0] == "in_progress"
