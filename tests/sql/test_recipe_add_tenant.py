"""A table that is full of rows gets its tenant while others write to it, and they neither fail nor wait for long."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count

import psycopg
import pytest

from stanchion.deploy import catalog
from stanchion.deploy.modules import Module, discover
from stanchion.deploy.runner import deploy, plan_deploy, plan_revert, revert
from stanchion.errors import StanchionError
from stanchion.paths import ROOT
from tests.sessions import Db
from tests.sql.reads import begin_record, end_record, forget_earlier_reads, recorded
from tests.sql.violations import violations

RECIPE = discover(ROOT / "docs" / "recipes" / "add_tenant")
MODULES = [*discover(ROOT), *RECIPE]
ROWS = 20_000
LEGACY = f"""
    set role stanchion_owner;
    create sequence stock.shelf_id;
    create sequence stock.shelf_item_id;
    grant usage on sequence stock.shelf_id, stock.shelf_item_id to stanchion_app;
    create table stock.shelf (
        shelf_id bigint not null default nextval('stock.shelf_id'), shop text not null, place text not null,
        constraint shelf_pk primary key (shelf_id)
    );
    create table stock.shelf_item (
        shelf_item_id bigint not null default nextval('stock.shelf_item_id'),
        shelf_id bigint not null, qty integer not null,
        constraint shelf_item_pk primary key (shelf_item_id),
        constraint shelf_item_shelf_fk foreign key (shelf_id) references stock.shelf (shelf_id)
    );
    comment on table stock.shelf is 'One row per shelf.';
    comment on table stock.shelf_item is 'One row per thing on a shelf.';
    grant select, insert, update, delete on stock.shelf, stock.shelf_item to stanchion_app;
    insert into stock.shelf (shop, place)
    select (array['ours', 'theirs'])[n % 2 + 1], 'P' || n from generate_series(1, {ROWS}) as n;
    insert into stock.shelf_item (shelf_id, qty) select n % {ROWS} + 1, 1 from generate_series(1, {2 * ROWS}) as n;
    reset role;
"""
HANGS = 60  # seconds


class Writers:
    """Sessions that insert shelves and items, change and delete some, and count their writes."""

    def __init__(self, login: str, tenants: dict[str, str]) -> None:
        self.login, self.tenants = login, tenants
        self.says_tenant, self.over = threading.Event(), threading.Event()
        self.done: Counter[str] = Counter()
        self.failed = []  # type: ignore[var-annotated]
        self.turns, self.turns_of = count(), [0] * 4

    def write(self, number: int) -> None:
        with psycopg.connect(self.login, autocommit=True) as conn:
            while not self.over.is_set():
                try:
                    self._turn(conn, ("ours", "theirs")[number % 2], next(self.turns))
                except psycopg.Error as e:
                    self.failed.append(e)
                    return
                self.turns_of[number] += 1

    def wait(self, for_what: str) -> None:
        """Wait until each session has begun and ended a transaction since now."""
        before, until = [*self.turns_of], time.monotonic() + HANGS
        while any(now < was + 2 for now, was in zip(self.turns_of, before, strict=True)) and not self.failed:
            assert time.monotonic() < until, f"no session could write {for_what}"
            time.sleep(0.01)

    def _turn(self, conn: Db, shop: str, turn: int) -> None:
        tenant = self.tenants[shop] if self.says_tenant.is_set() else ""
        with conn.transaction():
            conn.execute("select set_config('app.tenant_id', %s, true)", [tenant])
            add = "insert into stock.shelf (shop, place) values (%s, 'new') returning shelf_id"
            (shelf,) = conn.execute(add, [shop]).fetchone()
            conn.execute("insert into stock.shelf_item (shelf_id, qty) values (%s, 2), (%s, 3)", [shelf, shelf])
            old = turn * 7 % ROWS + 1
            changed = conn.execute("update stock.shelf_item set qty = qty + 1 where shelf_id = %s", [old]).rowcount
            gone = conn.execute("delete from stock.shelf_item where shelf_id = %s and qty = 3", [shelf]).rowcount
        self.done.update(shelves=1, items=2 - gone, qty=2 + changed)


@contextmanager
def writing(login: str, tenants: dict[str, str]) -> Iterator[Writers]:
    writers = Writers(login, tenants)
    threads = [threading.Thread(target=writers.write, args=[number]) for number in range(len(writers.turns_of))]
    for thread in threads:
        thread.start()
    try:
        yield writers
    finally:
        writers.over.set()
        for thread in threads:
            thread.join()


def deploy_to(db: Db, last: str, modules: list[Module] = MODULES) -> None:
    """The recipe up to a module; the rest of the platform is there."""
    names = [module.name for module in modules]
    deploy(db, plan_deploy(db, modules[: names.index(last) + 1], accept_drift=True), lambda step: None)


@pytest.fixture
def legacy(db: Db) -> Db:
    db.execute(LEGACY)
    catalog.record(db)
    return db


@pytest.mark.slow
def test_it_gets_its_tenant_while_others_write(
    legacy: Db, tenants: dict[str, str], make_login: Callable[..., str]
) -> None:
    begin_record(legacy)
    modules = [*discover(ROOT), *recorded(RECIPE)]
    with writing(make_login("stanchion_app"), tenants) as writers:
        writers.wait("before the first module")
        deploy_to(legacy, "stock/0901_tenant_column", modules)
        writers.wait("without a tenant")
        writers.says_tenant.set()
        writers.wait("with a tenant")  # each transaction without a tenant has ended
        for module in RECIPE:
            forget_earlier_reads(legacy)
            deploy_to(legacy, module.name, modules)
            writers.wait(f"after {module.name}")
    assert writers.failed == []
    reads = end_record(legacy)
    assert len(reads) >= 10
    assert reads[0][2] < ROWS / 10, f"{reads[0]}: a module reads a table while the writers wait for it"
    assert legacy.execute("select count(*) from stock.shelf").fetchone() == (ROWS + writers.done["shelves"],)
    assert legacy.execute("select count(*), sum(qty) from stock.shelf_item").fetchone() == (
        2 * ROWS + writers.done["items"],
        2 * ROWS + writers.done["qty"],
    )
    right = (
        "select bool_and(c.slug = s.shop and i.tenant_id = s.tenant_id) from stock.shelf as s "
        "join core.tenant as c using (tenant_id) join stock.shelf_item as i using (shelf_id)"
    )
    assert legacy.execute(right).fetchone() == (True,)
    assert legacy.execute("select from pg_index where not indisvalid").fetchall() == []
    assert legacy.execute("select from pg_constraint where not convalidated").fetchall() == []
    assert violations(legacy) == []


def test_a_scan_under_a_lock_is_recorded(legacy: Db) -> None:
    begin_record(legacy)
    scans = "-- revert: select 1;\nalter table stock.shelf add constraint shelf_positive check (shelf_id > 0);"
    forget_earlier_reads(legacy)
    (module,) = recorded([replace(RECIPE[0], text=scans)])
    with legacy.transaction(force_rollback=True):
        legacy.execute(module.text)
        assert end_record(legacy)[0] == (module.name, "stock.shelf", ROWS)


@pytest.mark.slow
def test_every_step_of_the_recipe_can_be_reverted(legacy: Db, tenants: dict[str, str]) -> None:
    before = catalog.read_catalog(legacy)
    for module in RECIPE:
        deploy_to(legacy, module.name)
    for module in reversed(RECIPE):
        revert(legacy, plan_revert(legacy, to=None, only=module.name), lambda row: None)
    differs = catalog.compare(before, catalog.read_catalog(legacy))
    # reverting policies revokes every grant on their table
    assert [line for line in differs if not line.startswith("gone: grant relation stock.shelf")] == []


def test_a_writer_without_a_tenant_is_found_harmlessly(legacy: Db, tenants: dict[str, str]) -> None:
    deploy_to(legacy, "stock/0903_backfill_shelf_item")
    legacy.execute("insert into stock.shelf (shop, place) values ('ours', 'late')")
    with pytest.raises(StanchionError, match="shelf_tenant_given"):
        deploy_to(legacy, "stock/0905_tenant_validated")
    for name in ("stock/0904_tenant_given", "stock/0903_backfill_shelf_item", "stock/0902_backfill_shelf"):
        revert(legacy, plan_revert(legacy, to=None, only=name), lambda row: None)
    deploy_to(legacy, RECIPE[-1].name)
    assert legacy.execute("select count(*) from stock.shelf").fetchone() == (ROWS + 1,)


def test_the_recipe_is_in_no_deployment() -> None:
    assert not [module.name for module in discover(ROOT) if "shelf" in module.text]
