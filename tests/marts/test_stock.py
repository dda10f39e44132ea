"""The stock marts equal the history of a shop, also with late commits and repeated builds."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from tests.marts.platform import Platform

STOCK = "+path:dbt_project/models/marts/stock"
Market = tuple[Platform, "Clock"]
START = datetime(2026, 11, 1, 12, tzinfo=UTC)
# A sequence is not transactional, so the clock returns the current test time at every isolation level.
CLOCK = """
    create sequence public.microseconds minvalue 0;
    grant usage on sequence public.microseconds to public;
    create or replace function core.clock() returns timestamptz language sql volatile
    return timestamptz '2026-11-01 12:00:00+00'
    + pg_sequence_last_value('public.microseconds') * interval '1 microsecond';
    select core.ensure_partitions(relation::regclass, '2026-10-30', '2026-12-31')
    from core.partition_set where relation in ('core.audit_log', 'core.idempotency_key', 'core.job_done')
"""


class Clock:
    """Clock of the database, shared by all shops."""

    def __init__(self, db: psycopg.Connection[Any]) -> None:
        self.db, self.now = db, START
        db.execute(CLOCK)
        self.set(START)

    def set(self, now: datetime) -> datetime:
        self.now = now
        self.db.execute("select setval('public.microseconds', %s)", [(now - START) // timedelta(microseconds=1)])
        return now


@dataclass(frozen=True)
class Event:
    kind: str
    quantity: int
    level: int  # stock after the event
    at: datetime


@dataclass
class Item:
    price: Decimal
    events: list[Event] = field(default_factory=list)

    @property
    def level(self) -> int:
        return self.events[-1].level


def days_of(item: Item) -> list[tuple[Any, ...]]:
    """Return the expected rows of fact_purchase_day."""
    rows = []
    for day in sorted({event.at.date() for event in item.events}):
        own = [event for event in item.events if event.at.date() == day]
        sums = {kind: sum(e.quantity for e in own if e.kind == kind) for kind in ("sold", "refused", "withdrawn")}
        times = {kind: sum(e.kind == kind for e in own) for kind in ("sold", "refused")}
        received = sum(event.quantity for event in own if event.kind in ("added", "restocked"))
        level = own[-1].level
        rows.append((day, *times.values(), *sums.values(), received, sums["sold"] * item.price, level))
    return rows


def stockouts_of(item: Item) -> list[tuple[Any, ...]]:
    rows: list[list[Any]] = []
    empty = False
    for event in item.events:
        if empty and event.kind == "refused":
            rows[-1][2:] = rows[-1][2] + 1, rows[-1][3] + event.quantity
        if event.level == 0 and not empty:
            rows.append([event.at, None, 0, 0])
        elif event.level > 0 and empty:
            rows[-1][1] = event.at
        empty = event.level == 0
    return [tuple(row) for row in rows]


def velocity_of(item: Item, today: date) -> tuple[Any, ...] | None:
    known = [event for event in item.events if event.at.date() < today]
    if not known:
        return None

    def sold(days: int) -> tuple[int, Decimal | None]:
        since = today - timedelta(days)
        quantity = sum(event.quantity for event in known if event.kind == "sold" and event.at.date() >= since)
        counted = min(days, (today - known[0].at.date()).days)
        lasts = round(Decimal(known[-1].level * counted) / quantity, 1) if quantity else None
        return quantity, lasts

    (seven, left_7), (month, left_28) = sold(7), sold(28)
    return (today - timedelta(1), known[-1].level, seven, month, left_7, left_28)


class Shop:
    """A shop that performs random operations and records the events it expects."""

    def __init__(self, platform: Platform, clock: Clock, slug: str, seed: int) -> None:
        self.platform, self.clock, self.slug, self.dice = platform, clock, slug, random.Random(seed)
        (row,) = platform.rows("select core.create_tenant(%s, %s, 'shop') as id", slug, slug.title())
        self.tenant, self.number = str(row["id"]), 0
        self.items: dict[str, Item] = {}

    def open(self) -> psycopg.Connection[Any]:
        conn = psycopg.connect(self.platform.server.dsn, options=f"-c app.tenant_id={self.tenant}")
        conn.execute("set role stanchion_app")
        conn.commit()
        return conn

    def tick(self) -> datetime:
        return self.clock.set(self.clock.now + timedelta(seconds=self.dice.randint(1, 9000), microseconds=7))

    def key(self) -> str:
        self.number += 1
        return f"{self.slug} {self.number}"

    def add(self, conn: psycopg.Connection[Any]) -> str:
        level, price, at = self.dice.choice((0, 3, 12)), Decimal(self.dice.randint(100, 999)) / 100, self.tick()
        (item,) = conn.execute("select stock.add_item('Chair', %s, %s)", [price, level]).fetchone()  # type: ignore[misc]
        self.items[str(item)] = Item(price, [Event("added", level, level, at)])
        return str(item)

    def buy(self, conn: psycopg.Connection[Any], item: str, quantity: int | None = None) -> None:
        quantity, at = quantity or self.dice.randint(1, 6), self.tick()
        self.decided(conn, item, quantity, at, self.ask(conn, "stock.buy", item, quantity, self.key()))

    def decided(self, conn: psycopg.Connection[Any], item: str, quantity: int, at: datetime, state: str) -> None:
        level = self.items[item].level
        fits = quantity <= level
        assert state == ("sold" if fits else "refused")
        self.items[item].events.append(Event(state, quantity, level - quantity * fits, at))

    def batch(self, conn: psycopg.Connection[Any]) -> None:
        orders = [
            (self.key(), self.dice.choice(list(self.items)), self.dice.randint(1, 6))
            for _ in range(self.dice.randint(1, 6))
        ]
        for key, item, quantity in orders:
            assert self.ask(conn, "stock.enqueue_buy", item, quantity, key) == "queued"
        at = self.tick()
        conn.execute("select stock.fulfil_batch()")
        for key, item, quantity in orders:
            self.decided(conn, item, quantity, at, self.ask(conn, "stock.enqueue_buy", item, quantity, key))

    def restock(self, conn: psycopg.Connection[Any], item: str | None = None) -> None:
        item, quantity, at = item or self.dice.choice(list(self.items)), self.dice.randint(1, 9), self.tick()
        assert self.ask(conn, "stock.restock", item, quantity, self.key()) == "restocked"
        self.items[item].events.append(Event("restocked", quantity, self.items[item].level + quantity, at))

    def wipe(self, conn: psycopg.Connection[Any]) -> None:
        at = self.tick()
        (done,) = conn.execute("select stock.wipe(%s)", [self.slug]).fetchone()  # type: ignore[misc]
        for item in self.items.values() if done else ():
            if item.level:
                item.events.append(Event("withdrawn", item.level, 0, at))

    def step(self, conn: psycopg.Connection[Any]) -> None:
        what = self.dice.choices("abfrw", (1, 12, 4, 3, 1))[0]
        if what == "a" or not self.items:
            self.add(conn)
        elif what == "b":
            self.buy(conn, self.dice.choice(list(self.items)))
        else:
            {"f": self.batch, "r": self.restock, "w": self.wipe}[what](conn)
        conn.commit()

    @staticmethod
    def ask(conn: psycopg.Connection[Any], function: str, item: str, quantity: int, key: str) -> str:
        return str(conn.execute(f"select state from {function}(%s, %s, %s)", [item, quantity, key]).fetchone()[0])  # type: ignore[index]


def assert_true(platform: Platform, shop: Shop) -> None:
    """Compare the marts with the recorded events, including those of the current day."""
    for name, item in shop.items.items():
        days = platform.rows(
            "select day, sold, refused, quantity, refused_quantity, withdrawn, received, revenue, available, orders "
            "from marts.fact_purchase_day where tenant_id = %s and item_id = %s order by day",
            shop.tenant,
            name,
        )
        assert [tuple(row.values())[:-1] for row in days] == days_of(item)
        assert all(row["orders"] == row["sold"] + row["refused"] for row in days)
        spans = platform.rows(
            "select began_at, ended_at, lost_orders, lost_quantity from marts.stockouts "
            "where tenant_id = %s and item_id = %s order by began_at",
            shop.tenant,
            name,
        )
        assert [tuple(row.values()) for row in spans] == stockouts_of(item)
        velocity = platform.rows(
            "select as_of, available, quantity_7, quantity_28, days_left_7, days_left_28 from marts.item_velocity "
            "where tenant_id = %s and item_id = %s",
            shop.tenant,
            name,
        )
        expected = velocity_of(item, shop.clock.now.date())
        assert [tuple(row.values()) for row in velocity] == ([expected] if expected else [])


@pytest.fixture
def market(empty_platform: Platform) -> Market:
    """A platform without games and tenants, and a clock that the test sets.

    Every mart exists, because tests of the stock marts also read other marts.
    """
    return empty_platform, Clock(empty_platform.conn)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("rounds", [3, pytest.param(5, marks=pytest.mark.exhaustive)])
def test_random_histories_are_correct_after_increments(market: Market, rounds: int) -> None:
    """The incremental marts equal the recorded history and a full refresh."""
    platform, clock = market
    shops = [Shop(platform, clock, slug, seed) for seed, slug in enumerate(("ours", "theirs"))]
    with shops[0].open() as one, shops[1].open() as two:
        for number in range(rounds):
            for _ in range(40):
                for shop, conn in zip(shops, (one, two), strict=True):
                    shop.step(conn)
            platform.build(STOCK, test=number == rounds - 1)
            for shop in shops:
                assert_true(platform, shop)
    incremental = platform.digests()
    assert platform.rows("select count(*) as n from marts.stockouts where ended_at is not null")[0]["n"] > 5
    assert platform.rows("select count(*) as n from marts.fact_stockout_day where refused > 0")[0]["n"] > 5
    platform.build(STOCK, full_refresh=True, test=False)  # the same rows, which have passed the tests
    assert platform.digests() == incremental


@pytest.mark.slow
@pytest.mark.exhaustive
def test_late_commits_are_built_after_they_commit(market: Market) -> None:
    platform, clock = market
    shop = Shop(platform, clock, "ours", 3)
    with shop.open() as early, shop.open() as late:
        item, other = shop.add(early), shop.add(early)
        shop.restock(early, item)
        early.commit()
        late.execute("select pg_current_xact_id()")  # older than all following transactions
        new = shop.add(early)
        early.commit()
        platform.build(STOCK, test=False)
        items = "select count(*) as n from marts.dim_item where item_id = %s"
        assert platform.rows(items, new) == [{"n": 0}], "changes after an open transaction must wait for it"
        shop.buy(late, other, 1)
        late.commit()
        platform.build(STOCK)
        assert platform.rows(items, new) == [{"n": 1}]
        assert_true(platform, shop)
        # the last unit is sold just before midnight; an order after midnight is refused before that sale commits
        shop.buy(late, item, shop.items[item].level)
        sold_out = clock.now
        clock.set(clock.now + timedelta(days=1))
        shop.buy(early, other, 9)
        early.commit()
        platform.build(STOCK, test=False)
        late.commit()
        platform.build(STOCK)
        assert_true(platform, shop)
        spans = platform.rows("select began_at from marts.stockouts where item_id = %s and ended_at is null", item)
        assert [row["began_at"] for row in spans] == [sold_out]
    incremental = platform.digests()
    platform.build(STOCK, full_refresh=True, test=False)
    assert platform.digests() == incremental


@pytest.mark.slow
def test_only_the_changed_day_of_one_item_is_written(market: Market) -> None:
    platform, clock = market
    shop = Shop(platform, clock, "ours", 5)
    written = (
        "select relname, n_tup_ins as inserted, n_tup_del as deleted from pg_stat_user_tables "
        "where schemaname = 'marts' and relname in ('dim_item', 'fact_purchase_day') order by relname"
    )
    with shop.open() as conn:
        for _ in range(120):
            shop.step(conn)
        platform.build()
        platform.settle()
        before = platform.rows(written)
        report = platform.build()
        platform.settle()
        assert report.is_current
        assert report.count("model").get("built", 0) == 0
        assert platform.rows(written) == before, "a build without changes must not write"
        shop.buy(conn, next(iter(shop.items)))
        conn.commit()
        platform.build(test=False)
        platform.settle()
        after = platform.rows(written)
    days = platform.rows("select count(*) as n from marts.fact_purchase_day")[0]["n"]
    assert days > 10
    changes = [
        (new["inserted"] - old["inserted"], new["deleted"] - old["deleted"])
        for old, new in zip(before, after, strict=True)
    ]
    assert changes[0] == (0, 0)  # the item itself is the same
    assert changes[1] in ((1, 0), (1, 1))  # the day of the item, which may have had a row
