"""One of several writers at the same version appends. Consumers get every event once, in the order of its stream."""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier, Event

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.core.notices import A_TENTH, heard
from tests.sessions import Db, wait_for_waiting

APPEND = "select core.append_events(%s, %s, %s, %s)"
POLL = "select stream_id, version from core.poll_events(%s, %s)"


@pytest.fixture
def sessions(login: str) -> Iterator[Callable[[int], list[Db]]]:
    with ExitStack() as stack:
        yield lambda count: [stack.enter_context(psycopg.connect(login, autocommit=True)) for _ in range(count)]


def append(conn: Db, stream: str, *amounts: int, expected: int | None = None) -> int:
    events = [{"type": "paid", "payload": amount} for amount in amounts]
    return conn.execute(APPEND, ["account", stream, expected, Jsonb(events)]).fetchone()[0]


def poll(conn: Db, limit: int = 100, consumer: str = "reader") -> list[tuple[str, int]]:
    return conn.execute(POLL, [consumer, limit]).fetchall()


def fold(conn: Db, stream: str) -> tuple[int, int]:
    """Compute the state of an account and its version from the saved state and the events."""
    replayed = conn.execute("select * from core.read_from_state('account', %s)", [stream]).fetchall()
    state = 0
    for _, event_type, payload in replayed:
        state = payload if event_type == "state" else state + payload
    return state, replayed[-1][0]


@pytest.mark.parametrize("level", ["read committed", "repeatable read", "serializable"])
def test_one_of_several_writers_at_a_version_appends(
    level: str, db: Db, tenants: dict[str, str], sessions: Callable[[int], list[Db]]
) -> None:
    writers, rounds = sessions(8), 40
    db.execute("create table public.balance (stream text primary key, total bigint not null, version bigint not null)")
    db.execute("insert into public.balance values ('a', 0, 0); grant select, update on public.balance to stanchion_app")
    together = Barrier(len(writers))

    def writer(number: int) -> list[bool]:
        conn, won = writers[number], []
        conn.execute(f"set default_transaction_isolation = '{level}'")
        for version in range(rounds):
            together.wait()
            try:
                with conn.transaction():
                    append(conn, "a", number + 1, expected=version)
                    conn.execute("update public.balance set total = total + %s, version = version + 1", [number + 1])
                won.append(True)
            except psycopg.errors.SerializationFailure:
                won.append(False)
            together.wait()
        return won

    with ThreadPoolExecutor(len(writers)) as pool:
        outcomes = list(zip(*pool.map(writer, range(len(writers))), strict=True))
    assert [sum(won) for won in outcomes] == [1] * rounds
    (reader,) = sessions(1)
    read = reader.execute("select version from core.read_stream('account', 'a')").fetchall()
    assert [version for (version,) in read] == list(range(1, rounds + 1))
    projection = db.execute("select total, version from public.balance").fetchone()
    assert fold(reader, "a") == projection
    half = sum(
        payload for _, _, payload in list(reader.execute("select * from core.read_from_state('account', 'a')"))[:20]
    )
    assert reader.execute("select core.save_stream_state('account', 'a', 20, %s)", [Jsonb(half)]).fetchone() == (True,)
    assert fold(reader, "a") == projection
    db.execute("delete from core.event where version <= 20")  # as if their partition had expired
    assert fold(reader, "a") == projection


def test_writers_without_expected_version_leave_no_gap(sessions: Callable[[int], list[Db]]) -> None:
    writers = sessions(8)

    def write(conn: Db) -> None:
        for _ in range(25):
            append(conn, "a", 1, 2)

    with ThreadPoolExecutor(len(writers)) as pool:
        list(pool.map(write, writers))
    assert fold(writers[0], "a") == (600, 400)
    read = writers[0].execute("select version from core.read_stream('account', 'a')").fetchall()
    assert [version for (version,) in read] == list(range(1, 401))


def test_late_commit_is_not_missed(sessions: Callable[[int], list[Db]]) -> None:
    late, early, reader = sessions(3)
    with late.transaction():
        append(late, "late", 1)
        append(early, "early", 1)
        assert poll(reader) == [], "events after an open transaction wait for it"
    assert poll(reader) == [("late", 1), ("early", 1)]
    assert poll(reader) == []


def test_stream_order_holds_when_older_transaction_appends_last(
    sessions: Callable[[int], list[Db]],
) -> None:
    older, newer, reader = sessions(3)
    with older.transaction():
        append(older, "other", 1)  # assigns a transaction id, lower than the one of the next transaction
        append(newer, "a", 1)
        append(older, "a", 2)
        append(older, "a", 3)
    assert poll(reader, 2) + poll(reader, 2) == [("other", 1), ("a", 1), ("a", 2), ("a", 3)]


def test_rolled_back_poll_does_not_advance(sessions: Callable[[int], list[Db]]) -> None:
    (conn,) = sessions(1)
    append(conn, "a", 1, 2, 3)
    with conn.transaction(force_rollback=True):
        assert poll(conn, 2) == [("a", 1), ("a", 2)]
    assert poll(conn, 2) == [("a", 1), ("a", 2)]
    assert poll(conn, 2) == [("a", 3)]


def test_concurrent_polls_of_a_consumer_get_different_events(db: Db, sessions: Callable[[int], list[Db]]) -> None:
    first, second = sessions(2)
    append(first, "a", 1, 2, 3)
    with ThreadPoolExecutor(1) as pool:
        with first.transaction():
            assert poll(first, 2) == [("a", 1), ("a", 2)]
            other = pool.submit(poll, second)
            wait_for_waiting(db, 1)
            assert not other.done(), "the second poll waits for the first"
        assert other.result() == [("a", 3)]


def test_consumers_and_tenants_have_separate_positions(
    tenants: dict[str, str], sessions: Callable[[int], list[Db]]
) -> None:
    ours, theirs = sessions(2)
    theirs.execute("select set_config('app.tenant_id', %s, false)", [tenants["theirs"]])
    append(ours, "a", 1)
    append(theirs, "b", 1)
    assert poll(ours) == poll(ours, consumer="another") == [("a", 1)]
    assert poll(theirs) == [("b", 1)]
    assert poll(ours) == poll(theirs) == []


@pytest.mark.long
@pytest.mark.parametrize("rounds", [20, pytest.param(60, marks=[pytest.mark.slow, pytest.mark.exhaustive])])
def test_events_arrive_once_in_order_despite_late_commits(
    rounds: int,
    sessions: Callable[[int], list[Db]],
) -> None:
    writers, readers = sessions(6), sessions(2)
    written, done = [], Event()

    def write(number: int) -> None:
        choose = random.Random(number)
        for _ in range(rounds):
            with writers[number].transaction():
                # a common order, so that writers do not deadlock
                for stream in sorted(choose.sample("abcde", choose.randint(1, 3))):
                    written.append((stream, append(writers[number], stream, 1)))
                    time.sleep(choose.random() * 0.005)

    def read(conn: Db) -> Iterator[tuple[float, list[tuple[str, int]]]]:
        while True:
            last = done.is_set()
            with conn.transaction():
                given = poll(conn, 7)
                at = time.monotonic()  # taken while the other poll waits, so that batches have an order
            if given:
                yield at, given
            elif last:
                return

    with ThreadPoolExecutor(8) as pool:
        reading = [pool.submit(lambda conn=conn: list(read(conn))) for conn in readers]
        list(pool.map(write, range(len(writers))))
        done.set()
        batches = sorted(batch for future in reading for batch in future.result())
    given = [event for _, batch in batches for event in batch]
    assert sorted(given) == sorted(written)
    by_stream = defaultdict(list)
    for stream, version in given:
        by_stream[stream].append(version)
    assert all(versions == sorted(versions) for versions in by_stream.values())


@pytest.mark.long
def test_notifications_are_limited_to_ten_a_second(
    db: Db, tenants: dict[str, str], sessions: Callable[[int], list[Db]], make_login: Callable[..., str]
) -> None:
    writers = sessions(8)
    for conn in writers[4:]:
        conn.execute("select set_config('app.tenant_id', %s, false)", [tenants["theirs"]])
    enough = Event()

    def write(number: int) -> int:
        written = 0
        while written < 375 or not enough.is_set():
            append(writers[number], f"s{number}", 1, 2, 3, 4, 5)
            written += 5
        return written

    with psycopg.connect(make_login("stanchion_analyst"), autocommit=True) as listener, ThreadPoolExecutor(8) as pool:
        listener.execute("listen stanchion_events")
        writing = [pool.submit(write, number) for number in range(8)]
        try:
            notices = list(listener.notifies(timeout=60, stop_after=10))
        finally:
            enough.set()
        written = sum(future.result() for future in writing)
        notices += heard(listener)
    assert written >= 3000
    # while the first transaction of a tenth of a second is open, the others notify too
    assert 10 <= len(notices) <= written / 5 / 4
    assert {notice.payload for notice in notices} == {""}


def test_commit_notifies_and_rollback_does_not(sessions: Callable[[int], list[Db]]) -> None:
    writer, listener = sessions(2)
    listener.execute("listen stanchion_events")
    with writer.transaction(force_rollback=True):
        append(writer, "a", 1)
    assert heard(listener) == []
    time.sleep(A_TENTH)
    writer.execute(APPEND, ["account", "a", None, Jsonb([])])
    assert heard(listener) == []
    time.sleep(A_TENTH)
    append(writer, "a", 1)
    assert len(heard(listener)) == 1


def test_open_transaction_does_not_delay_other_notifications(
    sessions: Callable[[int], list[Db]],
) -> None:
    slow, quick, listener = sessions(3)
    listener.execute("listen stanchion_events")
    with slow.transaction():
        append(slow, "a", 1)
        time.sleep(A_TENTH)
        append(quick, "b", 1)
        assert len(heard(listener)) == 1
    assert len(heard(listener)) == 1


def test_open_transaction_silences_no_other_one(db: Db, sessions: Callable[[int], list[Db]]) -> None:
    """All of this happens in one tenth of a second: the clock stands still."""
    db.execute(
        "create or replace function core.clock() returns timestamptz language sql "
        "return timestamptz '2030-01-05 00:00+00'"
    )
    db.execute("select core.ensure_partitions('core.event', '2030-01-04', '2030-01-06')")
    slow, quick, listener = sessions(3)
    listener.execute("listen stanchion_events")
    with slow.transaction(force_rollback=True):
        append(slow, "a", 1)
        append(quick, "b", 1)
        assert len(heard(listener)) == 1, "the notification of the open transaction may never be sent"
    append(quick, "b", 1)
    assert len(heard(listener)) == 1, "the transaction that was rolled back has notified no session"
    append(quick, "b", 1)
    assert heard(listener) == []


def snapshot(conn: Db) -> str:
    return conn.execute("select snapshot::text from core.event_snapshot()").fetchone()[0]


def between(conn: Db, earlier: str, later: str, *after: int, limit: int = 100) -> list[tuple[str, int]]:
    transaction, position = after or (0, 0)
    return conn.execute(
        "select stream_id, version from core.read_events_between(%s, %s, %s::text::xid8, %s, %s)",
        [earlier, later, transaction, position, limit],
    ).fetchall()


def test_follower_reads_each_event_once_without_waiting(sessions: Callable[[int], list[Db]]) -> None:
    older, newer, reader = sessions(3)
    begin = snapshot(reader)
    with older.transaction():
        append(older, "other", 1)  # assigns a transaction id, lower than the one of the next transaction
        append(newer, "a", 1)
        first = snapshot(reader)
        assert between(reader, begin, first) == [("a", 1)], "the event does not wait for the open transaction"
        append(older, "a", 2)  # stored under the id of the newer transaction, which is visible in the first snapshot
        second = snapshot(reader)
        assert between(reader, first, second) == []
    third = snapshot(reader)
    assert between(reader, first, third) == between(reader, second, third) == [("other", 1), ("a", 2)]
    assert between(reader, third, snapshot(reader)) == []
    assert sorted(between(reader, begin, third)) == [("a", 1), ("a", 2), ("other", 1)]


def test_follower_sees_no_events_of_other_tenants(tenants: dict[str, str], sessions: Callable[[int], list[Db]]) -> None:
    ours, theirs = sessions(2)
    theirs.execute("select set_config('app.tenant_id', %s, false)", [tenants["theirs"]])
    begin = snapshot(ours)
    append(theirs, "a", 1)
    assert between(ours, begin, snapshot(ours)) == []
    assert between(theirs, begin, snapshot(ours)) == [("a", 1)]


def test_follower_finds_all_events_despite_late_commits(sessions: Callable[[int], list[Db]]) -> None:
    writers, (reader,) = sessions(6), sessions(1)
    written, read, done = [], [], Event()

    def write(number: int) -> None:
        choose = random.Random(number)
        for _ in range(20):
            with writers[number].transaction():
                for stream in sorted(choose.sample("abcde", choose.randint(1, 3))):
                    written.append((stream, append(writers[number], stream, 1)))
                    time.sleep(choose.random() * 0.005)

    def follow(at: str) -> None:
        while True:
            last = done.is_set()
            now = snapshot(reader)
            read.extend(between(reader, at, now))
            at = now
            if last:
                return

    with ThreadPoolExecutor(7) as pool:
        following = pool.submit(follow, snapshot(reader))
        list(pool.map(write, range(len(writers))))
        done.set()
        following.result()
    assert sorted(read) == sorted(written)
    by_stream = defaultdict(list)
    for stream, version in read:
        by_stream[stream].append(version)
    assert all(versions == sorted(versions) for versions in by_stream.values())
