"""A column gets another name while old code and new code use it, and neither fails before the old name is gone."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from stanchion.deploy import catalog
from stanchion.deploy.modules import Module, discover
from stanchion.deploy.runner import RETRY, deploy, plan_deploy, plan_revert, revert
from stanchion.paths import ROOT
from stanchion.server.locks import RetryPolicy
from tests.conftest import Cluster
from tests.sessions import Db, wait_for_waiting
from tests.sql.reads import begin_record, end_record, forget_earlier_reads, recorded
from tests.sql.violations import violations

RECIPE = discover(ROOT / "docs" / "recipes" / "rename_column")
MODULES = [*discover(ROOT), *RECIPE]
NAMES = [module.name for module in RECIPE]
MEMBERS = 5_000
LEGACY = f"""
    insert into core.principal (tenant_id, principal_id, email, display_name)
    select t.tenant_id, ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, n || '@example.org', 'x'
    from core.tenant as t cross join generate_series(0, {MEMBERS - 1}) as n;
    set role stanchion_owner;
    create table workspace.member_status (
        tenant_id uuid not null default core.current_tenant(), principal_id uuid not null, online boolean,
        changes integer not null default 0,
        constraint member_status_pk primary key (tenant_id, principal_id),
        constraint member_status_principal_fk foreign key (tenant_id, principal_id)
        references core.principal (tenant_id, principal_id) on delete cascade
    );
    comment on table workspace.member_status is 'One row per member.';
    create index member_status_online_idx on workspace.member_status (tenant_id, online);
    alter table workspace.member_status enable row level security, force row level security;
    create policy own_tenant on workspace.member_status for all to stanchion_app
    using (tenant_id = core.current_tenant()) with check (tenant_id = core.current_tenant());
    create policy owner_for_tenant on workspace.member_status for all to stanchion_owner
    using (tenant_id = core.current_tenant() or core.is_operator())
    with check (tenant_id = core.current_tenant() or core.is_operator());
    grant select, insert, update, delete on workspace.member_status to stanchion_app;
    insert into workspace.member_status (tenant_id, principal_id, online)
    select p.tenant_id, p.principal_id, (array[true, false, null])[1 + floor(3 * random())::integer]
    from core.principal as p;
    reset role;
"""
HANGS = 60  # seconds
OLD, NEW = "online", "is_online"


class Application:
    """A version of the code, which writes and reads with its own name of the column."""

    def __init__(self, login: str, tenant: str, column: str, first: int) -> None:
        self.login, self.tenant, self.column, self.first = login, tenant, column, first
        self.over, self.ended = threading.Event(), threading.Event()
        self.turns, self.failed = 0, None

    def run(self) -> None:
        try:
            self._run()
        finally:
            self.ended.set()

    def _run(self) -> None:
        with psycopg.connect(self.login, autocommit=True) as conn:
            conn.execute("select set_config('app.tenant_id', %s, false)", [self.tenant])
            while not self.over.is_set():
                try:
                    self._turn(conn, f"00000000-0000-0000-0000-{self.first + self.turns % 100 * 10:012}")
                except (psycopg.Error, AssertionError) as e:
                    self.failed = e
                    return
                self.turns += 1

    def _turn(self, conn: Db, who: str) -> None:
        name, table = self.column, "workspace.member_status"
        says = self.turns % 3 == 0
        with conn.transaction():
            conn.execute(f"select from {table} where principal_id = %s for update", [who])
            conn.execute(f"update {table} set {name} = %s, changes = changes + 1 where principal_id = %s", [says, who])
            assert conn.execute(f"select {name} from {table} where principal_id = %s", [who]).fetchone() == (says,)
            conn.execute(f"delete from {table} where principal_id = %s", [who])
            conn.execute(
                f"insert into {table} (principal_id, {name}) values (%s, %s) on conflict (tenant_id, principal_id) "
                f"do update set {name} = excluded.{name} returning {name}",
                [who, not says],
            )
        found = conn.execute(f"select count(*) from {table} where {name} and principal_id = %s", [who]).fetchone()
        assert found == (int(not says),)


@contextmanager
def running(*applications: Application) -> Iterator[None]:
    threads = [threading.Thread(target=application.run) for application in applications]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for application in applications:
            application.over.set()
        for thread in threads:
            thread.join()


def wait_for_turns(*applications: Application) -> None:
    """Until each has done something since now."""
    before = Counter({application: application.turns for application in applications})
    until = time.monotonic() + HANGS
    while any(a.turns < before[a] + 3 and not a.failed for a in applications):
        assert time.monotonic() < until, "no session could work"
        time.sleep(0.01)


def deploy_to(db: Db, last: str, retry: RetryPolicy = RETRY, modules: list[Module] = MODULES) -> None:
    names = [module.name for module in modules]
    deploy(db, plan_deploy(db, modules[: names.index(last) + 1], accept_drift=True), lambda step: None, retry)


def take_back(db: Db, name: str, retry: RetryPolicy = RETRY) -> None:
    revert(db, plan_revert(db, to=None, only=name), lambda row: None, retry)


def contract(db: Db) -> None:
    deploy_to(db, NAMES[-1], RetryPolicy(lock_timeout=HANGS, tries=1))


def take_back_expansion(db: Db) -> None:
    take_back(db, NAMES[0], RetryPolicy(lock_timeout=HANGS, tries=1))


@pytest.fixture
def legacy(db: Db, tenants: dict[str, str]) -> Db:
    db.execute(LEGACY)
    catalog.record(db)
    return db


@pytest.fixture
def versions(legacy: Db, tenants: dict[str, str], make_login: Callable[..., str]) -> Callable[..., list[Application]]:
    """Sessions of a version of the code, one for each tenant, each with members of its own."""
    login, first = make_login("stanchion_app"), iter(range(10))
    return lambda column: [Application(login, tenant, column, next(first)) for tenant in tenants.values()]


def test_old_and_new_code_run_between_the_steps(legacy: Db, versions: Callable[..., list[Application]]) -> None:
    begin_record(legacy)
    modules = [*discover(ROOT), *recorded(RECIPE)]
    old, new = versions(OLD), versions(NEW)
    with running(*old):
        wait_for_turns(*old)
        deploy_to(legacy, NAMES[0], modules=modules)
        with running(*new):
            for name in NAMES[:-1]:
                forget_earlier_reads(legacy)
                deploy_to(legacy, name, modules=modules)
                wait_for_turns(*old, *new)
            assert [application.failed for application in old + new] == [None] * 4
            for application in old:
                application.over.set()
                assert application.ended.wait(HANGS)
            forget_earlier_reads(legacy)
            deploy_to(legacy, NAMES[-1], modules=modules)
            wait_for_turns(*new)
    assert [application.failed for application in old + new] == [None] * 4
    reads = end_record(legacy)
    assert len(reads) >= 4
    assert reads[0][2] < MEMBERS / 10, f"{reads[0]}: a module reads a table while the sessions wait for it"
    held = "select count(*), count(is_online), count(distinct tenant_id) from workspace.member_status"
    assert legacy.execute(held).fetchone() == (2 * MEMBERS, 2 * MEMBERS, 2)
    assert violations(legacy) == []


def test_old_and_new_code_read_each_other_within_a_tenant(
    legacy: Db, tenants: dict[str, str], make_login: Callable[..., str]
) -> None:
    deploy_to(legacy, NAMES[0])
    assert violations(legacy) == []
    who = "00000000-0000-0000-0000-000000000007"
    with psycopg.connect(make_login("stanchion_app"), autocommit=True) as conn:
        conn.execute("select set_config('app.tenant_id', %s, false)", [tenants["ours"]])
        for written, read in ((OLD, NEW), (NEW, OLD)):
            for says in (True, False):
                conn.execute(f"update workspace.member_status set {written} = %s where principal_id = %s", [says, who])
                row = conn.execute(f"select {read} from workspace.member_status where principal_id = %s", [who])
                assert row.fetchone() == (says,)
        assert conn.execute("select count(*) from workspace.member_status").fetchone() == (MEMBERS,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            insert = "insert into workspace.member_status (tenant_id, principal_id, is_online) values (%s, %s, true)"
            conn.execute(insert, [tenants["theirs"], who])


def test_old_code_runs_again_after_a_revert_of_the_contract(
    legacy: Db, versions: Callable[..., list[Application]]
) -> None:
    deploy_to(legacy, NAMES[-1])
    old = versions(OLD)
    with running(*old):
        assert all(application.ended.wait(HANGS) for application in old)
    assert all(isinstance(application.failed, psycopg.errors.UndefinedColumn) for application in old)
    take_back(legacy, NAMES[-1])
    old, new = versions(OLD), versions(NEW)
    with running(*old, *new):
        wait_for_turns(*old, *new)
    assert [application.failed for application in old + new] == [None] * 4


@pytest.mark.parametrize(("last", "step"), [(NAMES[-2], contract), (NAMES[0], take_back_expansion)])
def test_who_comes_while_it_waits_for_the_lock_is_not_waited_for(
    last: str,
    step: Callable[[Db], None],
    legacy: Db,
    tenants: dict[str, str],
    make_login: Callable[..., str],
    cluster: Cluster,
) -> None:
    deploy_to(legacy, last)
    login = make_login("stanchion_app") + f" options='-c app.tenant_id={tenants['ours']}'"
    read = "select count(*) from workspace.member_status"
    with (
        psycopg.connect(login) as before,
        psycopg.connect(login, autocommit=True) as after,
        ThreadPoolExecutor(2) as pool,
    ):
        before.execute(read)
        stepping = pool.submit(step, legacy)
        with psycopg.connect(cluster.dsn(legacy.info.dbname), autocommit=True) as watch:
            wait_for_waiting(watch, 1)
            reading = pool.submit(lambda: after.execute(read).fetchone())
            wait_for_waiting(watch, 2)
        before.commit()
        stepping.result()
        assert reading.result() == (MEMBERS,)


def test_every_step_of_the_recipe_can_be_reverted(legacy: Db) -> None:
    before = catalog.read_catalog(legacy)
    catalogs = []
    for name in NAMES:
        catalogs.append(catalog.read_catalog(legacy))
        deploy_to(legacy, name)
    for name, was in zip(reversed(NAMES), reversed(catalogs), strict=True):
        take_back(legacy, name)
        assert catalog.compare(was, catalog.read_catalog(legacy)) == [], name
    assert catalog.read_catalog(legacy) == before


def test_the_recipe_is_in_no_deployment() -> None:
    assert not [module.name for module in discover(ROOT) if "member_status" in module.text]
