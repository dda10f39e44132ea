"""A process reads an event once for all of its subscribers, and reads nothing while nothing happens."""

import asyncio
import json
import random
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stanchion.serve.live import past
from stanchion.serve.live.batch import Batch, Event, Filter, Found
from stanchion.serve.live.hub import Limits
from stanchion.serve.live.part import Live
from stanchion.serve.live.position import Position, Snapshot, parse
from stanchion.serve.live.subscriber import Subscriber
from stanchion.serve.live.wanted import Wanted
from stanchion.serve.protocol import Outlet
from stanchion.serve.settings import Settings
from stanchion.serve.who.principal import Principal
from tests.serve.live.client import append


async def until(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not check():
            await asyncio.sleep(0.005)


def run(login: str, body: Callable[[Live], Awaitable[None]], **limits: Any) -> None:
    """Run the body with the streams of a process."""

    async def main() -> None:
        live = Live(Settings(dsn=login), Limits(**limits))
        await live.open()
        try:
            await body(live)
        finally:
            await live.close()

    asyncio.run(main())


class Inbox(asyncio.Transport):
    """The connection of a client within the process, which accepts everything or, when it is `shut`, nothing."""

    def __init__(self, heard: Callable[[bytes], None] = lambda data: None, *, shut: bool = False) -> None:
        super().__init__()
        self.heard, self.shut, self.kept, self.cut = heard, shut, 0, False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.kept += len(data) if self.shut else 0
        self.heard(bytes(data))

    def get_write_buffer_size(self) -> int:
        return self.kept

    def is_closing(self) -> bool:
        return self.cut

    def abort(self) -> None:
        self.cut, self.kept = True, 0

    async def drain(self) -> None:
        while self.kept and not self.cut:
            await asyncio.sleep(0.005)

    def outlet(self) -> Outlet:
        return Outlet(self, self.drain)


class Follower:
    """A client within the process."""

    def __init__(self, live: Live, tenant: str, position: Position | None = None) -> None:
        self.live, self.events, self.count, self.last = live, [], 0, ""
        self.principal = Principal("token", UUID(tenant), "ours", "program")
        self.parts: list[tuple[str, list[int]]] = []  # of each message the position and the versions
        self.wanted = Wanted(Filter(), position=position)
        self.task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        subscriber = Subscriber(self.wanted.filter, "sse", Inbox(self._hear).outlet(), 10_000_000)
        async with self.live.subscription(self.principal, self.wanted, subscriber) as sending:
            await sending(self._check)

    async def _check(self, _: Subscriber) -> None:
        pass

    def _hear(self, chunk: bytes) -> None:
        for line in chunk.decode().splitlines():
            name, _, text = line.partition(": ")
            if name == "id":
                self.last = text
            elif name == "data":
                found = json.loads(text)
                self.count += len(found)
                self.parts.append((self.last, [event["version"] for event in found]))

    @property
    def versions(self) -> list[int]:
        return [version for _, found in self.parts for version in found]

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


def test_each_event_is_read_once_for_all_subscribers(login: str, tenants: dict[str, str]) -> None:
    async def body(live: Live) -> None:
        followers = [Follower(live, tenants["ours"]) for _ in range(200)]
        await until(lambda: live.hub.subscribers == 200 and all(each.last for each in followers))
        reads = []
        inner = live.hub._transaction
        live.hub._transaction = lambda: reads.append(1) or inner()  # type: ignore[func-returns-value]
        with psycopg.connect(login, autocommit=True) as conn:
            for _ in range(10):
                await asyncio.to_thread(append, conn, "a", 1, 2, 3)
        await until(lambda: all(each.count == 30 for each in followers))
        assert live.hub.events == 30
        assert len(reads) < 100
        # all of them connect again at the position before: those reads are shared too
        last = parse(followers[0].last)
        for each in followers:
            await each.end()
        reads.clear()
        with psycopg.connect(login, autocommit=True) as conn:
            append(conn, "a", 4)
        followers = [Follower(live, tenants["ours"], last) for _ in range(200)]
        await until(lambda: all(each.count == 1 for each in followers))
        assert len(reads) < 50

    run(login, body)


def test_clients_that_resume_at_different_positions_share_reads(login: str, tenants: dict[str, str]) -> None:
    """Some events commit late, so that a later position lacks an event of an earlier one."""
    places: list[tuple[str, int]] = []
    versions: list[int] = []

    async def write(live: Live) -> None:
        follower = Follower(live, tenants["ours"])
        await until(lambda: bool(follower.last))
        with psycopg.connect(login, autocommit=True) as conn, psycopg.connect(login) as late:
            for number in range(1, 41):
                if number % 8 == 1:
                    append(late, f"late {number}", *range(100))
                await asyncio.to_thread(append, conn, "a", number)
                if number % 8 == 5:
                    late.commit()
                count = number + (number + 3) // 8 * 100
                await until(lambda count=count: follower.count == count)
                places.append((follower.last, count))
        versions.extend(follower.versions)

    async def resume(live: Live) -> None:
        pages = []
        inner = live.hub._read_one
        live.hub._read_one = lambda *given: pages.append(1) or inner(*given)  # type: ignore[method-assign,func-returns-value]
        random.Random(1).shuffle(places)
        followers = [Follower(live, tenants["ours"], parse(place)) for place, _ in places for _ in range(3)]
        await until(lambda: not live.hub._waiting and all(each.last for each in followers))
        for follower, (_, count) in zip(followers, [each for each in places for _ in range(3)], strict=True):
            await until(lambda follower=follower, count=count: follower.count >= len(versions) - count)
            assert Counter(follower.versions) == Counter(versions) - Counter(versions[:count])
        assert len(pages) < 60, "the pages of each position alone are hundreds"
        for follower in followers[::20]:
            for number, (place, _) in enumerate(follower.parts, 1):
                rest = [version for _, found in follower.parts[number:] for version in found]
                again = Follower(live, tenants["ours"], parse(place))
                await until(lambda again=again: bool(again.last) and live.hub.subscribers == len(followers) + 1)
                await until(lambda again=again, rest=rest: again.count >= len(rest))
                assert Counter(again.versions) == Counter(rest), "the position after each part is one to resume at"
                await again.end()

    run(login, write)
    run(login, resume, page=20)


def test_client_reads_no_pages_of_clients_far_before_it(
    login: str, tenants: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "_MOST_APART", 50)
    places: list[str] = []

    async def write(live: Live) -> None:
        follower = Follower(live, tenants["ours"])
        await until(lambda: bool(follower.last))
        places.append(follower.last)
        with psycopg.connect(login, autocommit=True) as conn:
            for number in range(1, 101):
                await asyncio.to_thread(append, conn, "a", number)
            await until(lambda: follower.count == 100)
            places.append(follower.last)
            for number in range(101, 106):
                await asyncio.to_thread(append, conn, "a", number)
            await until(lambda: follower.count == 105)

    async def resume(live: Live) -> None:
        starts: Counter[str] = Counter()
        inner = live.hub._read_one

        async def read(tenant: UUID, position: Position) -> list[Found]:
            starts[position.snapshot.text] += 1
            return await inner(tenant, position)

        live.hub._read_one = read  # type: ignore[method-assign]
        followers = [Follower(live, tenants["ours"], parse(place)) for place in places * 3]
        for follower, count in zip(followers, [105, 5] * 3, strict=True):
            await until(lambda follower=follower, count=count: follower.count >= count)
            assert follower.versions == [*range(106 - count, 106)]
        far, near = (starts[parse(place).snapshot.text] for place in places)  # type: ignore[union-attr]
        assert 1 <= near <= 3, "each of the three reads a page of its own, or shares it"
        assert 11 <= far <= 33

    run(login, write)
    run(login, resume, page=10)


def test_nothing_polls(login: str, tenants: dict[str, str]) -> None:
    async def body(live: Live) -> None:
        follower = Follower(live, tenants["ours"])
        await until(lambda: bool(follower.last))
        with psycopg.connect(login, autocommit=True) as conn:
            await asyncio.to_thread(append, conn, "a", 1)
            await until(lambda: follower.count == 1)
            await until(lambda: live.hub.is_settled)
            reads = live.hub.reads
            await asyncio.sleep(2)
            assert live.hub.reads == reads
            await asyncio.to_thread(append, conn, "a", 1)
            await until(lambda: follower.count == 2)

    run(login, body)


def test_process_without_subscribers_reads_nothing(login: str, tenants: dict[str, str]) -> None:
    async def body(live: Live) -> None:
        await until(lambda: live.listener.connects == 1)
        with psycopg.connect(login, autocommit=True) as conn:
            await asyncio.to_thread(append, conn, "a", 1)
            await until(lambda: live.listener.notices > 0 and live.hub.is_settled)
        assert live.hub.reads == 0
        assert not live.hub._channels

    run(login, body)


def test_memory_of_recent_batches_and_of_a_queue_is_bounded(login: str, tenants: dict[str, str]) -> None:
    async def body(live: Live) -> None:
        follower = Follower(live, tenants["ours"])
        await until(lambda: bool(follower.last))
        (channel,) = live.hub._channels.values()
        with psycopg.connect(login, autocommit=True) as conn:
            for _ in range(30):
                await asyncio.to_thread(append, conn, "a", *range(100))
        await until(lambda: follower.count == 3000)
        assert sum(batch.size for _, batch in channel._recent) <= 100_000

    run(login, body, recent_bytes=100_000)


def test_large_events_are_split_and_each_part_can_be_resumed(login: str, tenants: dict[str, str]) -> None:
    async def body(live: Live) -> None:
        follower = Follower(live, tenants["ours"])
        await until(lambda: bool(follower.last))
        with psycopg.connect(login, autocommit=True) as conn:
            await asyncio.to_thread(append, conn, "a", *["x" * 100_000 for _ in range(10)])
        await until(lambda: follower.count == 10)
        assert [versions for _, versions in follower.parts] == [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10]]
        for number, (place, _) in enumerate(follower.parts):
            again = Follower(live, tenants["ours"], parse(place))
            rest = [versions for _, versions in follower.parts[number + 1 :]]
            await until(lambda again=again, rest=rest: bool(again.last) and len(again.parts) >= len(rest))
            assert [versions for _, versions in again.parts] == rest
            await again.end()

    run(login, body, recent_bytes=0)


def message(size: int) -> bytes:
    position = Position(Snapshot("a.1", 1, "10:10:"))
    event = Event.of_row(("t", "s", 1, "k", "2030-01-01T00:00:00Z", json.dumps("x" * size)))
    data = Batch(position, [event]).frame(Filter(), "sse")
    assert data is not None
    return data


def test_subscriber_over_its_limit_is_closed_and_sent_nothing_more() -> None:
    async def main() -> None:
        inbox = Inbox(shut=True)
        subscriber = Subscriber(Filter(), "sse", inbox.outlet(), 5000)
        for _ in range(10):
            subscriber.write(message(1000))
        assert subscriber.reason == "slow"
        assert 4000 < inbox.kept <= 5000
        wide = Subscriber(Filter(), "sse", Inbox(shut=True).outlet(), 5000)
        wide.write(message(10_000))
        assert wide.reason is None, "one message is never too much"

    asyncio.run(main())


def test_client_that_reads_slowly_gets_the_latest_state_only() -> None:
    async def main() -> None:
        heard: list[bytes] = []
        inbox = Inbox(heard.append, shut=True)
        subscriber = Subscriber(Filter(), "sse", inbox.outlet(), 1_000_000)
        subscriber.write(message(100_000))
        for number in range(5):
            subscriber.show("standings cup", "standings", b"%d" % number)
            subscriber.show("standings other", "standings", b"%d" % -number)
        assert len(heard) == 1
        waiting = asyncio.create_task(subscriber.pause(30))
        await asyncio.sleep(0)
        inbox.shut, inbox.kept = False, 0
        await waiting
        assert [each.split(b"data: ")[1].split(b"\n")[0] for each in heard[1:]] == [b"4", b"-4"]
        subscriber.show("standings cup", "standings", b"5")
        assert b"data: 5" in heard[-1], "a client that reads gets each state at once"

    asyncio.run(main())


def test_connection_of_a_client_that_accepts_nothing_is_cut() -> None:
    """The server writes to a real connection, whose other end never reads."""

    async def main() -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)

            async def never() -> None:
                await asyncio.Event().wait()

            subscriber = Subscriber(Filter(), "sse", Outlet(transport, never), 100_000_000, longest_send=0.2)
            while not subscriber.waiting:
                subscriber.write(message(100_000))
            kept = subscriber.waiting
            assert kept > 0
            while subscriber.reason is None:
                await subscriber.pause(0.05)
            assert subscriber.reason == "slow"
            assert transport.is_closing()
            await until(lambda: transport.get_write_buffer_size() == 0)

    asyncio.run(main())


XID = st.integers(min_value=1, max_value=2**62)
SNAPSHOTS = st.builds(
    lambda ids, inner: f"{min(ids)}:{max(ids) + 1}:{','.join(map(str, sorted(inner & ids)))}",
    st.sets(XID, min_size=1, max_size=6),
    st.sets(XID, max_size=3),
)


@given(snapshot=SNAPSHOTS, to=st.none() | SNAPSHOTS, number=st.integers(0, 10**17))
def test_position_survives_its_text(snapshot: str, to: str | None, number: int) -> None:
    position = Position(Snapshot("7f.1", 1_900_000_000, snapshot))
    if to is not None:
        position = position.within(to, number, number)
    assert parse(str(position)) == position


SMALL = st.builds(
    lambda low, width, inner: Snapshot(
        "7f.1", 1, f"{low}:{low + width}:{','.join(str(low + n) for n in inner if n < width)}"
    ),
    st.integers(1, 5),
    st.integers(0, 5),
    st.sets(st.integers(0, 5), max_size=4).map(sorted),
)


@given(earlier=SMALL, later=SMALL)
def test_snapshot_includes_only_snapshots_of_which_it_has_all(earlier: Snapshot, later: Snapshot) -> None:
    assert later.includes(later)
    if later.includes(earlier):
        assert all(later.contains(each) for each in range(1, 15) if earlier.contains(each))
    elif later.highest >= earlier.highest:
        assert any(earlier.contains(each) and not later.contains(each) for each in range(1, 15))


@given(st.text(alphabet="0123456789abcdef:,.-' \n\0", max_size=80))
def test_other_text_than_a_position_is_refused(text: str) -> None:
    found = parse(text)
    assert found is None or str(found) == text


def test_snapshots_that_postgres_refuses_are_refused() -> None:
    for snapshot in ("0:5:", "5:4:", "5:9:4", "5:9:9", "5:9:7,6", "5:9:6,6", f"5:{2**63}:", "5:9:٣"):
        assert parse(f"7f.1-1-{snapshot}") is None, snapshot
