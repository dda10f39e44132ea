"""Features of FurnitureOps: one test for each row of docs/conformance.md that is "yes" or has a counterpart.

Each test is short; the test modules that it names test the feature in depth.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool

from stanchion.audit.rules import broken, rule_files
from stanchion.deploy.modules import discover
from stanchion.paths import ROOT
from tests.conformance.ear import listening
from tests.sessions import Db, at_once
from tests.stock.shop import add_item, available, broken_promises, buy, order

Tenants = dict[str, str]


@pytest.fixture
def shop(tenants: Tenants, make_login: Callable[..., str]) -> str:
    return make_conninfo(make_login("stanchion_app"), options=f"-c app.tenant_id={tenants['ours']}")


def test_last_unit_is_sold_once_to_fifty_buyers(db: Db, shop: str, tenants: Tenants) -> None:
    """tests/stock/test_hot_item.py contains more cases."""
    item = add_item(db, tenants["ours"], 1)
    answers = at_once(shop, [lambda conn, n=n: buy(conn, item, 1, str(n)) for n in range(50)])
    assert Counter(answers) == {"sold": 1, "refused": 49}
    assert available(db, item) == 0


def test_queued_orders_are_decided_in_batches_of_50(db: Db, shop: str, tenants: Tenants) -> None:
    item = add_item(db, tenants["ours"], 70)
    with psycopg.connect(shop, autocommit=True) as conn:
        assert {order(conn, item, 1, str(n)) for n in range(120)} == {"queued"}
        batches = [conn.execute("select stock.fulfil_batch(50)").fetchone()[0] for _ in range(4)]
    assert batches == [50, 50, 20, 0]
    decided = "select state, count(*) from stock.purchase group by state order by state"
    assert db.execute(decided).fetchall() == [("refused", 50), ("sold", 70)]
    assert broken_promises(db) == []


def test_cancelled_orders_change_neither_stock_nor_audit(db: Db, shop: str, tenants: Tenants) -> None:
    item = add_item(db, tenants["ours"], 10)
    audited = db.execute("select count(*) from core.audit_log").fetchone()
    with psycopg.connect(shop) as holder:
        buy(holder, item, 1, "held")

        def cancelled(conn: Db, key: str) -> bool:
            conn.execute("set statement_timeout = '10ms'")
            with pytest.raises(psycopg.errors.QueryCanceled):
                buy(conn, item, 1, key)
            return True

        assert all(at_once(shop, [lambda conn, n=n: cancelled(conn, str(n)) for n in range(20)]))
        holder.rollback()
    assert available(db, item) == 10
    assert db.execute("select count(*) from core.audit_log").fetchone() == audited


def test_doctor_reports_login_without_statement_timeout(db: Db, make_login: Callable[..., str], stanchion: Any) -> None:
    name = psycopg.conninfo.conninfo_to_dict(make_login("stanchion_worker"))["user"]
    assert f"{name} has no statement_timeout" in stanchion("doctor").out


def test_idempotency_key_has_every_outcome(db: Db, shop: str) -> None:
    """tests/core/test_keys_race.py, test_keys_killed.py and keys.test.sql test midnight and takeovers."""
    claim = "select outcome, response_body from core.claim_key('k', %s, %s)"
    with psycopg.connect(shop, autocommit=True) as conn:
        assert conn.execute(claim, [b"a", "1 min"]).fetchone() == ("claimed", None)
        assert conn.execute(claim, [b"a", "1 min"]).fetchone() == ("in_progress", None)
        assert conn.execute(claim, [b"b", "1 min"]).fetchone() == ("mismatch", None)
        db.execute("update core.idempotency_key set lease_until = now() - interval '1 s'")
        assert conn.execute(claim, [b"a", "1 min"]).fetchone() == ("takeover", None)
        assert conn.execute("select core.complete_key('k', 1, 200, 'late')").fetchone() == (False,)
        assert conn.execute("select core.complete_key('k', 2, 200, 'done')").fetchone() == (True,)
        assert conn.execute(claim, [b"a", "1 min"]).fetchone() == ("replay", b"done")


def test_expired_keys_are_dropped_with_their_partition(db: Db, tenants: Tenants, stanchion: Any) -> None:
    """tests/partitions/test_contention.py tests that no session waits for it, test_cost.py its cost."""
    db.execute("select core.ensure_partitions('core.idempotency_key', '2020-01-01', '2020-01-01')")
    db.execute(
        "insert into core.idempotency_key "
        "(tenant_id, key_id, claimed_on, attempt, claimed_at, lease_until, fingerprint) "
        "select %s, gen_random_uuid(), '2020-01-01', 1, '2020-01-01', '2020-01-01', 'f' from generate_series(1, 10000)",
        [tenants["ours"]],
    )
    before = db.execute("select pg_current_wal_insert_lsn()").fetchone()[0]
    outcome = stanchion("partitions", "expire")
    assert "dropped    core.idempotency_key 2020-01-01" in outcome.out, outcome.err
    written = db.execute("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), %s)", [before]).fetchone()[0]
    assert written < 1_000_000  # deleting the rows would write more WAL than this, even before a vacuum
    assert db.execute("select count(*) from core.idempotency_key").fetchone() == (0,)


def test_pool_clears_tenant_between_uses(tenants: Tenants, make_login: Callable[..., str]) -> None:
    say = "select set_config('app.tenant_id', %s, true)"
    with ConnectionPool(make_login("stanchion_app"), min_size=4, max_size=4) as pool:

        def checkout(number: int) -> None:
            slug = ("ours", "theirs")[number % 2]
            with pool.connection() as conn:
                assert conn.execute("select count(*) from core.tenant").fetchone() == (0,)
                conn.execute(say, [tenants[slug]])
                assert conn.execute("select slug from core.tenant").fetchall() == [(slug,)]

        threads = [threading.Thread(target=lambda n=n: failed.extend(_raised(checkout, n))) for n in range(50)]
        failed: list[BaseException] = []
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []


def _raised(call: Callable[[int], None], number: int) -> list[BaseException]:
    try:
        call(number)
    except BaseException as e:
        return [e]
    return []


def test_orders_do_not_read_memberships(db: Db, shop: str, tenants: Tenants) -> None:
    item = add_item(db, tenants["ours"], 100)
    reads = "select coalesce(seq_scan, 0) + coalesce(idx_scan, 0) from pg_stat_all_tables where relname = 'membership'"
    db.execute("select pg_stat_reset()")
    with psycopg.connect(shop, autocommit=True) as conn:
        for number in range(50):
            buy(conn, item, 1, str(number))
            conn.execute("select available from stock.item")
        conn.execute("select pg_stat_force_next_flush()")
        conn.execute("select 1")
    assert db.execute(reads).fetchone() == (0,)


def test_rate_limit_is_exact_for_an_address(shop: str) -> None:
    take = "select allowed from core.rate_limit_take('203.0.113.7', 20, '1 minute')"
    answers = at_once(shop, [lambda conn: [conn.execute(take).fetchone()[0] for _ in range(4)]] * 25)
    assert sorted(each for session in answers for each in session) == [False] * 80 + [True] * 20


def test_shop_can_be_read_in_a_read_only_session(db: Db, shop: str, tenants: Tenants) -> None:
    """Use a session that cannot write in place of a replica."""
    item = add_item(db, tenants["ours"], 3)
    read_only = make_conninfo(shop, options=f"-c app.tenant_id={tenants['ours']} -c default_transaction_read_only=on")
    with psycopg.connect(read_only, autocommit=True) as conn:
        assert conn.execute("select name, available from stock.item").fetchall() == [("Chair", 3)]
        assert conn.execute("select count(*) from stock.purchase").fetchone() == (0,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            buy(conn, item, 1, "k")


def test_batch_sends_one_notification_per_channel(dsn: str, db: Db, shop: str, tenants: Tenants) -> None:
    item = add_item(db, tenants["ours"], 100)
    channels = ("stanchion_jobs", "stanchion_purchases")
    with psycopg.connect(shop, autocommit=True) as conn, listening(dsn, *channels) as ear:
        for number in range(50):
            order(conn, item, 1, str(number))
        conn.execute("select stock.fulfil_batch()")
        assert sorted(ear.heard()) == sorted(channels)


def test_tenant_leads_keys_and_recipe_adds_it_online(db: Db) -> None:
    """tests/sql/test_recipe_add_tenant.py runs the recipe while other sessions write."""
    rules = [path for path in rule_files() if path.stem in ("tenant_is_not_null", "tenant_leads_keys")]
    assert len(rules) == 2
    assert [str(finding) for finding in broken(db, *rules)] == []
    texts = "".join(module.text for module in discover(ROOT / "docs" / "recipes" / "add_tenant"))
    for step in ("add column", "for update skip locked", "validate constraint", "index concurrently", "using index"):
        assert step in texts


@pytest.mark.parametrize(
    ("claims", "seen"),
    [
        ({"org_id": "ours"}, []),  # users can set this claim themselves
        ({"app_metadata": {"org_id": "ours"}}, ["Chair"]),
        ({"app_metadata": {"tenant_id": "ours"}}, ["Chair"]),
        ({}, []),
    ],
)
def test_only_app_metadata_of_a_token_names_the_tenant(
    claims: dict[str, Any], seen: list[str], db: Db, tenants: Tenants, make_login: Callable[..., str]
) -> None:
    add_item(db, tenants["ours"], 1)
    token = json.dumps(claims).replace('"ours"', f'"{tenants["ours"]}"')
    with psycopg.connect(make_login("stanchion_app")) as conn:
        conn.execute("select set_config('request.jwt.claims', %s, true)", [token])
        assert [name for (name,) in conn.execute("select name from stock.item")] == seen


def test_domain_maps_to_its_tenant(db: Db, tenants: Tenants, make_login: Callable[..., str]) -> None:
    with db.transaction():
        db.execute("select set_config('app.tenant_id', %s, true)", [tenants["ours"]])
        db.execute("select core.add_tenant_domain('chairs.example')")
    with psycopg.connect(make_login("stanchion_app")) as conn:
        find = "select core.tenant_for_domain(%s)::text"
        assert conn.execute(find, ["Chairs.Example"]).fetchone() == (tenants["ours"],)
        assert conn.execute(find, ["unknown.example"]).fetchone() == (None,)


def test_audit_contains_every_order(db: Db, shop: str, tenants: Tenants) -> None:
    item = add_item(db, tenants["ours"], 150)
    with psycopg.connect(shop, autocommit=True) as conn:
        for number in range(200):
            buy(conn, item, 1, str(number))
    audited = (
        "select detail ->> 'state', count(*) from core.audit_log where action = 'stock.purchase' group by 1 order by 1"
    )
    assert db.execute(audited).fetchall() == [("refused", 50), ("sold", 150)]


def test_kill_switch_works_once_per_minute(db: Db, shop: str, tenants: Tenants) -> None:
    item, theirs = add_item(db, tenants["ours"], 10), add_item(db, tenants["theirs"], 10)
    with psycopg.connect(shop, autocommit=True) as conn:
        buy(conn, item, 4, "k")
    answers = at_once(shop, [lambda conn: conn.execute("select stock.wipe('ours')").fetchone()[0]] * 2)
    assert sorted(answers) == [False, True]
    assert (available(db, item), available(db, theirs)) == (0, 10)
    kept = "select action, count(*) from core.audit_log where action ~ 'stock.(purchase|wipe)' group by 1 order by 1"
    assert db.execute(kept).fetchall() == [("stock.purchase", 1), ("stock.wipe", 1)]


def test_request_id_links_audit_event_and_job(
    db: Db, shop: str, tenants: Tenants, make_login: Callable[..., str], stanchion: Any
) -> None:
    item = add_item(db, tenants["ours"], 10)
    with psycopg.connect(shop) as conn:
        conn.execute("select set_config('app.request_id', 'req-42', true)")
        order(conn, item, 1, "k")
        conn.execute("""select core.append_events('visit', 'v1', null, '[{"type": "ordered"}]')""")
    logged = stanchion("worker", "run", "--once", "--json", database_url=make_login("stanchion_worker"))
    assert [json.loads(line)["request_id"] for line in logged.out.splitlines()] == ["req-42"], logged.err
    joined = (
        "select l.action, e.event_type, j.queue from core.audit_log as l join core.event as e using (request_id) "
        "join core.job_done as j using (request_id) where request_id = 'req-42'"
    )
    assert db.execute(joined).fetchall() == [("stock.purchase", "ordered", "stock.orders")]
