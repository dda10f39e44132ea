"""Concurrent buyers of one item buy exactly the available units, by direct and by queued orders."""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from tests.core.notices import heard
from tests.sessions import Db, at_once
from tests.stock.shop import add_item, available, broken_promises, buy, order


def test_one_of_fifty_buyers_gets_the_last_unit(db: Db, shop: str, tenants: dict[str, str]) -> None:
    item = add_item(db, tenants["ours"], 1)
    answers = at_once(shop, [lambda conn, n=n: buy(conn, item, 1, f"k{n}") for n in range(50)])
    assert Counter(answers) == {"sold": 1, "refused": 49}
    assert available(db, item) == 0
    assert broken_promises(db) == []


@pytest.mark.parametrize("ask", [buy, order])
def test_fifty_calls_with_one_key_are_one_order(ask: Any, db: Db, shop: str, tenants: dict[str, str]) -> None:
    item = add_item(db, tenants["ours"], 100)
    answers = at_once(shop, [lambda conn: ask(conn, item, 2, "the key")] * 50)
    assert Counter(answers) == {"sold" if ask is buy else "queued": 50}
    with psycopg.connect(shop, autocommit=True) as conn:
        conn.execute("select stock.fulfil_batch()")
        assert ask(conn, item, 2, "the key") == "sold"
        assert ask(conn, item, 3, "the key") == "mismatch"
    assert available(db, item) == 98
    assert db.execute("select count(*) from stock.purchase").fetchone() == (1,)
    assert broken_promises(db) == []


@pytest.mark.long
@pytest.mark.parametrize("turns", [8, pytest.param(20, marks=[pytest.mark.slow, pytest.mark.exhaustive])])
def test_64_clients_buy_exactly_the_available_units(turns: int, db: Db, shop: str, tenants: dict[str, str]) -> None:
    """Half of the clients buy directly, half enqueue, and all of them sometimes decide a batch."""
    item = add_item(db, tenants["ours"], 500)

    def client(conn: Db, number: int) -> Counter[str]:
        dice, seen = random.Random(number), Counter()
        for turn in range(turns):
            ask = buy if number % 2 else order
            seen[ask(conn, item, dice.randint(1, 3), f"{number} {turn}")] += 1
            if dice.random() < 0.1:
                conn.execute("select stock.fulfil_batch()")
        return seen

    answers = sum(at_once(shop, [lambda conn, n=n: client(conn, n) for n in range(64)]), Counter())
    with psycopg.connect(shop, autocommit=True) as conn:
        while conn.execute("select stock.fulfil_batch()").fetchone() != (0,):
            pass
    assert answers.keys() == {"sold", "refused", "queued"}
    assert db.execute("select count(*) from stock.purchase").fetchone() == (64 * turns,)
    assert available(db, item) == 0  # about 1,000 units were ordered, or 2,560 in 20 turns
    assert broken_promises(db) == []


def test_batches_with_reversed_items_do_not_deadlock(db: Db, shop: str, tenants: dict[str, str]) -> None:
    items = [add_item(db, tenants["ours"], 100_000, f"Item {n}") for n in range(10)]
    rounds = 15
    with psycopg.connect(shop, autocommit=True) as conn:
        for round_ in range(rounds):
            for half, names in enumerate((items, items[::-1])):
                for n, item in enumerate(names):
                    order(conn, item, 1, f"{round_} {half} {n}")

    def work(conn: Db) -> int:
        return sum(conn.execute("select stock.fulfil_batch(10)").fetchone()[0] for _ in range(rounds * 2))

    assert sum(at_once(shop, [work, work])) == rounds * 20
    assert db.execute("select deadlocks from pg_stat_database where datname = current_database()").fetchone() == (0,)
    assert broken_promises(db) == []


def test_batch_locks_items_in_the_order_of_their_keys(db: Db, shop: str, tenants: dict[str, str]) -> None:
    """Another session locks the first item. While the batch waits for it, the second item is not locked yet."""
    first, second = sorted(add_item(db, tenants["ours"], 10, name) for name in ("One", "Two"))
    with psycopg.connect(shop, autocommit=True) as conn, psycopg.connect(shop) as holder:
        order(conn, second, 1, "k1")
        order(conn, first, 1, "k2")
        buy(holder, first, 1, "k3")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(conn.execute, "select stock.fulfil_batch()")
            while not db.execute("select exists (select from pg_locks where not granted)").fetchone()[0]:
                assert not waiting.done()
            db.execute("set lock_timeout = '1s'")
            lock = "select 1 from stock.item where tenant_id = %s and item_id = %s for update"
            db.execute(lock, [tenants["ours"], second])
            holder.commit()
            waiting.result()
    assert broken_promises(db) == []


def test_batch_can_contain_an_item_several_times(db: Db, shop: str, tenants: dict[str, str]) -> None:
    item, other = add_item(db, tenants["ours"], 10), add_item(db, tenants["ours"], 3, "Desk")
    with psycopg.connect(shop, autocommit=True) as conn:
        for number, (name, qty) in enumerate(
            [(item, 4), (other, 2), (item, 4), (item, 4), (other, 2), (item, 2), (other, 1)]
        ):
            order(conn, name, qty, str(number))
        assert conn.execute("select stock.fulfil_batch()").fetchone() == (7,)
        with conn.transaction():
            states = conn.execute("select state from stock.purchase order by order_key").fetchall()
    assert [state for (state,) in states] == ["sold", "sold", "sold", "refused", "refused", "sold", "sold"]
    assert (available(db, item), available(db, other)) == (0, 0)
    assert broken_promises(db) == []


def test_one_of_two_wipes_counts_and_spares_other_shops(db: Db, shop: str, tenants: dict[str, str]) -> None:
    item, theirs = add_item(db, tenants["ours"], 10), add_item(db, tenants["theirs"], 10)
    for round_ in range(10):
        db.execute("delete from core.cooldown")
        answers = at_once(shop, [lambda conn: conn.execute("select stock.wipe('ours')").fetchone()[0]] * 2)
        assert sorted(answers) == [False, True], round_
    assert (available(db, item), available(db, theirs)) == (0, 10)
    wiped = (
        "select detail ->> 'withdrawn', count(*) from core.audit_log where action = 'stock.wipe' group by 1 order by 1"
    )
    assert db.execute(wiped).fetchall() == [("0", 9), ("10", 1)]


def test_batch_sends_one_notification(dsn: str, db: Db, shop: str, tenants: dict[str, str]) -> None:
    item = add_item(db, tenants["ours"], 100)
    with psycopg.connect(shop, autocommit=True) as conn, psycopg.connect(dsn, autocommit=True) as ear:
        ear.execute("listen stanchion_purchases")
        for number in range(40):
            order(conn, item, 1, str(number))
        conn.execute("select stock.fulfil_batch()")
        assert [(notice.channel, notice.payload) for notice in heard(ear)] == [("stanchion_purchases", "")]


def test_job_worker_decides_like_fulfil_batch(
    db: Db, shop: str, tenants: dict[str, str], make_login: Callable[..., str], stanchion: Callable[..., Any]
) -> None:
    item = add_item(db, tenants["ours"], 10)
    with psycopg.connect(shop, autocommit=True) as conn:
        assert [order(conn, item, qty, str(qty)) for qty in (8, 5, 2)] == ["queued"] * 3
    outcome = stanchion("worker", "drain", database_url=make_login("stanchion_worker"))
    assert outcome.out == "3 done. The queue is empty.\n", outcome.err
    with psycopg.connect(shop, autocommit=True) as conn:
        assert [order(conn, item, qty, str(qty)) for qty in (8, 5, 2)] == ["sold", "refused", "sold"]
    assert broken_promises(db) == []


def test_plans_made_on_empty_tables_suit_full_ones(db: Db, shop: str, tenants: dict[str, str]) -> None:
    item = add_item(db, tenants["ours"], 1000)
    with psycopg.connect(shop, autocommit=True) as conn:

        def each(number: int) -> None:
            buy(conn, item, 1, f"now {number}")
            for n in range(10):
                order(conn, item, 1, f"later {number} {n}")
            assert conn.execute("select stock.fulfil_batch()").fetchone() == (10,)

        for number in range(6):  # the number of executions before a session caches a plan
            each(number)
        db.execute(
            "insert into stock.purchase "
            "select tenant_id, 'old ' || n, item_id, 1, 'refused', 'out of stock', 1, 0, now(), now() "
            "from stock.item, generate_series(1, 20000) as n"
        )
        read = "select sum(idx_tup_read) from pg_stat_user_indexes where relname in ('purchase', 'job', 'item')"

        def rows_read(session: psycopg.Connection[Any]) -> int:
            """Return the rows read by all sessions, after this session has sent its statistics."""
            session.execute("select pg_stat_force_next_flush()")
            session.execute("select 1")
            return int(db.execute(read).fetchone()[0])

        before = rows_read(db)  # includes the item lookups of the insert
        each(7)
        assert rows_read(conn) - before < 10_000  # about 20 per order; one bad plan reads 20,000
