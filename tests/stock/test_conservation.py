"""No unit is lost or sold twice, with any interleaving of sessions and with sessions that are killed.

Three sessions have open transactions. Their actions are random, and so are commits, rollbacks and kills. After every
step the test checks the invariants in one snapshot, and compares the committed results with a model.
"""

from collections.abc import Callable
from itertools import count
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from psycopg.conninfo import make_conninfo

from tests.sessions import Db
from tests.stock.shop import add_item, broken_promises

sessions, items, quantities = st.integers(0, 2), st.integers(0, 1), st.integers(1, 6)
keys = st.integers(0, 7).map("key {}".format)
BUSY = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.UniqueViolation,  # another session bought with the same key
)


class Session:
    """A connection, and the results of its uncommitted calls."""

    def __init__(self, login: str) -> None:
        self.conn = psycopg.connect(login)
        self.conn.execute("set lock_timeout = '20ms'")
        self.conn.commit()
        self.told: list[tuple[str, Any]] = []

    def ask(self, statement: str, *values: Any) -> Any:
        try:
            row = self.conn.execute(statement, values).fetchone()
        except BUSY:
            self.conn.rollback()
            self.told = []
            return None
        return row[0] if row else None


def make_machine(db: Db, login: str) -> type[RuleBasedStateMachine]:
    numbers = count()

    class Shop(RuleBasedStateMachine):
        @initialize(stock=st.tuples(st.integers(0, 12), st.integers(0, 12)))
        def open(self, stock: tuple[int, int]) -> None:
            with db.transaction():
                slug = f"shop-{next(numbers)}"
                tenant = str(db.execute("select core.create_tenant(%s, %s, 'shop')", [slug, slug]).fetchone()[0])
            self.tenant, self.stock = tenant, stock
            self.items = [add_item(db, tenant, available, name) for available, name in zip(stock, "ab", strict=True)]
            self.login = make_conninfo(login, options=f"-c app.tenant_id={tenant}")
            self.sessions = [Session(self.login) for _ in range(3)]
            self.answers: dict[str, str] = {}  # the committed state of each key
            self.restocked = [0, 0]

        @rule(session=sessions, item=items, qty=quantities, key=keys)
        def buy(self, session: int, item: int, qty: int, key: str) -> None:
            self._order("select state from stock.buy(%s, %s, %s)", session, item, qty, key)

        @rule(session=sessions, item=items, qty=quantities, key=keys)
        def enqueue(self, session: int, item: int, qty: int, key: str) -> None:
            self._order("select state from stock.enqueue_buy(%s, %s, %s)", session, item, qty, key)

        def _order(self, statement: str, session: int, item: int, qty: int, key: str) -> None:
            state = self.sessions[session].ask(statement, self.items[item], qty, key)
            assert state in ("sold", "refused", "queued", "mismatch", None)
            if state in ("sold", "refused", "queued"):
                self.sessions[session].told.append((key, state))

        @rule(session=sessions, limit=st.integers(1, 5))
        def fulfil(self, session: int, limit: int) -> None:
            self.sessions[session].ask("select stock.fulfil_batch(%s)", limit)

        @rule(session=sessions, item=items, qty=quantities, key=st.integers(0, 2))
        def restock(self, session: int, item: int, qty: int, key: int) -> None:
            name = f"delivery {item} {qty} {key}"
            before = self.sessions[session].ask("select received from stock.item where item_id = %s", self.items[item])
            state = self.sessions[session].ask(
                "select state from stock.restock(%s, %s, %s)", self.items[item], qty, name
            )
            assert state in ("restocked", None)
            after = self.sessions[session].ask("select received from stock.item where item_id = %s", self.items[item])
            if state and after != before:
                self.sessions[session].told.append((name, (item, qty)))

        @rule(session=sessions)
        def commit(self, session: int) -> None:
            self.sessions[session].conn.commit()
            for key, told in self.sessions[session].told:
                if isinstance(told, tuple):
                    assert key not in self.answers  # a delivery is booked once
                    self.restocked[told[0]] += told[1]
                    self.answers[key] = "restocked"
                else:
                    assert self.answers.get(key) in (None, "queued", told) or told == "queued"
                    if self.answers.get(key) in (None, "queued"):
                        self.answers[key] = told
            self.sessions[session].told = []

        @rule(session=sessions)
        def roll_back(self, session: int) -> None:
            self.sessions[session].conn.rollback()
            self.sessions[session].told = []

        @rule(session=sessions)
        def kill(self, session: int) -> None:
            db.execute("select pg_terminate_backend(%s::integer, 5000)", [self.sessions[session].conn.info.backend_pid])
            self.sessions[session].conn.close()
            self.sessions[session] = Session(self.login)

        @rule(limit=st.integers(1, 5))
        def lease_and_vanish(self, limit: int) -> None:
            with db.transaction():
                db.execute("select set_config('app.tenant_id', %s, true)", [self.tenant])
                db.execute("select from core.lease('stock.orders', 'who vanished', %s)", [limit])

        @rule()
        def leases_end(self) -> None:
            with psycopg.connect(self.login, autocommit=True) as conn:
                held = (
                    "select job_id from core.job where tenant_id = %s and lease_id is not null for update skip locked"
                )
                db.execute(
                    f"update core.job set leased_until = now() where tenant_id = %s and job_id in ({held})",
                    [self.tenant, self.tenant],
                )
                conn.execute("select core.reap()")
                waiting = "select job_id from core.job where tenant_id = %s for update skip locked"
                db.execute(
                    f"update core.job set run_at = now() where tenant_id = %s and job_id in ({waiting})",
                    [self.tenant, self.tenant],
                )

        @invariant()
        def nothing_is_lost(self) -> None:
            assert broken_promises(db) == []
            received = db.execute(
                "select array_agg(received order by name) from stock.item where tenant_id = %s", [self.tenant]
            ).fetchone()[0]
            assert received == [self.stock[item] + self.restocked[item] for item in (0, 1)]

        def teardown(self) -> None:
            for session in self.sessions:
                session.conn.close()
            self.leases_end()
            with psycopg.connect(self.login, autocommit=True) as conn:
                dead = "select job_id from core.job_dead where tenant_id = %s"
                for (job,) in db.execute(dead, [self.tenant]).fetchall():
                    assert conn.execute("select core.revive(%s)", [job]).fetchone() == (True,)
                while conn.execute("select stock.fulfil_batch()").fetchone() != (0,):
                    pass
                with conn.transaction():
                    decided = dict(conn.execute("select order_key, state from stock.purchase").fetchall())
            assert broken_promises(db) == []
            told = {key: state for key, state in self.answers.items() if state != "restocked"}
            assert decided.keys() == told.keys()
            assert all(state in ("queued", decided[key]) for key, state in told.items())
            assert db.execute("select from core.job where tenant_id = %s", [self.tenant]).fetchall() == []

    return Shop


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("histories", [4, pytest.param(20, marks=pytest.mark.exhaustive)])
def test_conservation_under_random_interleavings(histories: int, db: Db, make_login: Callable[..., str]) -> None:
    run_state_machine_as_test(
        make_machine(db, make_login("stanchion_app")),
        settings=settings(
            max_examples=histories,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            print_blob=True,
        ),
    )
