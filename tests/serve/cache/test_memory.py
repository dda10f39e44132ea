"""The memory of answers, and reads that become one."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stanchion.serve.cache.asked import asked_of
from stanchion.serve.cache.basis import UNKNOWN, Basis, basis_of
from stanchion.serve.cache.etag import etag_of, matches
from stanchion.serve.cache.memory import Kept, Key, Memory
from stanchion.serve.flights import Flights


def key(name: str, query_string: bytes = b"") -> Key:
    return b"sender", f"/{name}", query_string, (b"",)


def kept(size: int) -> Kept:
    return Kept(200, [], b"x" * size, b'"e"')


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 30_000), st.booleans())), st.integers(0, 100_000))
def test_the_memory_never_exceeds_its_bytes(steps: list[tuple[str, int, bool]], most: int) -> None:
    memory = Memory(most)
    for name, size, is_put in steps:
        if is_put:
            memory.put(key(name), kept(size))
        else:
            memory.get(key(name))
        found = [memory.get(key(each)) for each in "abcdefgh"]
        assert sum(len(each.body) for each in found if each) <= memory.size <= most
    for each in "abcdefgh":
        memory.drop(key(each))
    assert (len(memory), memory.size) == (0, 0)


def test_the_answer_that_was_not_used_for_longest_is_dropped() -> None:
    memory = Memory(40_000)
    for name in "abcde":
        memory.put(key(name), kept(3000))
    memory.get(key("a"))
    for name in "fghij":
        memory.put(key(name), kept(3000))
    assert memory.get(key("a")) is not None
    assert memory.get(key("b")) is None
    memory.put(key("large"), kept(30_000))
    assert memory.get(key("large")) is None, "one answer may not take the place of all others"
    assert memory.get(key("a")) is not None


@given(st.tuples(*[st.binary(max_size=4)] * 4), st.tuples(*[st.binary(max_size=4)] * 4))
def test_two_requests_with_one_etag_are_equal(one: tuple[bytes, ...], two: tuple[bytes, ...]) -> None:
    tags = [etag_of((a, b.hex(), c, (d,)), b"v") for a, b, c, d in (one, two)]
    assert (tags[0] == tags[1]) == (one == two)


def test_an_etag_is_found_in_a_list() -> None:
    assert matches(b'"a", W/"b"', b'"b"')
    assert matches(b"*", b'"b"')
    assert not matches(b'"a", "bb"', b'"b"')
    assert not matches(None, b'"b"')


def test_a_header_that_occurs_twice_is_not_answered_from_memory() -> None:
    scope = {"path": "/x", "query_string": b"", "headers": [(b"accept", b"text/csv")]}
    assert asked_of(scope) is not None
    for name in (b"authorization", b"host", b"accept", b"range", b"content-length", b"if-none-match"):
        assert asked_of(scope | {"headers": [(name, b"1"), (name, b"2")]}) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [(b"accept", b"text/csv"), (b"range", b"0-1"), (b"prefer", b"count=exact"), (b"accept-profile", b"core")],
)
def test_a_header_that_decides_the_form_is_in_the_key(name: bytes, value: bytes) -> None:
    scope = {"path": "/x", "query_string": b"", "headers": []}
    with_header = asked_of(scope | {"headers": [(name, value)]})
    assert with_header.key(b"s") != asked_of(scope).key(b"s")
    assert with_header.sender == asked_of(scope).sender


@pytest.mark.parametrize("name", [b"authorization", b"x-api-key", b"apikey", b"host"])
def test_a_header_that_names_the_sender_is_in_its_digest(name: bytes) -> None:
    scope = {"path": "/x", "query_string": b"", "headers": [(name, b"a")]}
    assert asked_of(scope).sender != asked_of(scope | {"headers": [(name, b"b")]}).sender


def test_an_answer_has_a_version_if_all_its_relations_do() -> None:
    bases = {
        "marts.team": Basis.of_row(["marts.team"], ["core.current_tenant()"]),
        "marts.table": Basis.of_row(["marts.table", "marts.team"], []),
        "marts.mixed": Basis.of_row(["marts.mixed", "contest.team"], ["core.current_tenant()"]),
        "marts.daily": Basis.of_row(["marts.daily"], ["core.current_tenant()", "core.clock()"]),
        "marts.own": Basis.of_row(["marts.own"], ["core.current_principal()"]),
        "marts.volatile": Basis.of_row(["marts.volatile"], ["random()"]),
    }
    assert basis_of(bases, ["marts.team", "marts.table"], b"") == Basis(("marts.table", "marts.team"), by_person=False)
    assert basis_of(bases, ["marts.team", "marts.mixed"], b"") == Basis(None, by_person=False)
    assert basis_of(bases, ["marts.daily"], b"") == Basis(None, by_person=False)
    assert basis_of(bases, ["marts.team", "marts.own"], b"") == UNKNOWN
    assert basis_of(bases, ["marts.volatile"], b"") == UNKNOWN
    assert basis_of(bases, ["marts.new"], b"") == UNKNOWN
    for moving in (b"day=lt.today", b"day=lt.TOMORROW", b"at=gt.n%6fw", b"or=(day.eq.Yesterday)"):
        assert basis_of(bases, ["marts.team"], moving).sources is None


def test_equal_reads_become_one() -> None:
    async def run() -> None:
        flights, reads = Flights[int](), 0

        async def read() -> int:
            nonlocal reads
            reads += 1
            await asyncio.sleep(0.01)
            return reads

        found = await asyncio.gather(*(flights.join("a", read) for _ in range(50)), flights.join("b", read))
        assert reads == 2
        assert [number for number, _ in found[:50]] == [found[0][0]] * 50
        assert [is_own for _, is_own in found] == [True] + [False] * 49 + [True]
        assert (await flights.join("a", read))[0] == 3, "an ended read is not joined"

    asyncio.run(run())


def test_an_error_belongs_to_the_sender_that_met_it() -> None:
    async def run() -> None:
        flights = Flights[str]()

        async def refused() -> str:
            await asyncio.sleep(0.01)
            raise PermissionError

        async def allowed() -> str:
            return "rows"

        found = await asyncio.gather(flights.join("a", refused), flights.join("a", allowed), return_exceptions=True)
        assert isinstance(found[0], PermissionError)
        assert found[1] == ("rows", True)

    asyncio.run(run())


def test_a_sender_that_goes_does_not_end_the_read_of_others() -> None:
    async def run() -> None:
        flights, began = Flights[str](), asyncio.Event()

        async def read() -> str:
            began.set()
            await asyncio.sleep(0.01)
            return "rows"

        first = asyncio.create_task(flights.join("a", read))
        await began.wait()
        second = asyncio.create_task(flights.join("a", read))
        await asyncio.sleep(0)
        first.cancel()
        assert await second == ("rows", False)
        assert first.cancelled()

    asyncio.run(run())
