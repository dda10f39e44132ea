"""Behind a transaction pooler a tenant ends with its transaction, and commands that need a session refuse."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from stanchion.dev.bench.load import find_pgbench
from stanchion.server.connection import is_pooled
from stanchion.server.locate import Server
from tests.cli.test_worker import MAKE, enqueue, states
from tests.conftest import Cluster, Outcome, run_stanchion
from tests.program import wait_for
from tests.replicas.pooler import Pooler, pooling
from tests.sessions import Db

pytestmark = pytest.mark.debian

# A transaction that finds no tenant set, then sees exactly one of two tenants, and writes for it.
TRANSACTION = r"""
begin;
select 1 / (core.current_tenant() is null)::int;
select 1 / (count(*) = 0)::int from core.tenant;
select set_config('app.tenant_id', '{tenant}', {local});
select 1 / (count(*) = 1 and min(tenant_id::text) = '{tenant}')::int from core.tenant;
select core.rate_limit_take('pooled', 1000000, '1 hour');
commit;
"""


@pytest.fixture
def app(make_login: Callable[..., str]) -> str:
    return make_login("stanchion_app")


@pytest.fixture
def pooler(cluster: Cluster, app: str) -> Iterator[Pooler]:
    with pooling(cluster, app) as pooler:
        yield pooler


def pgbench(dsn: str, folder: Path, tenant: str, *, clients: int, each: int, local: str) -> subprocess.Popen[str]:
    """Run clients of a tenant, without prepared statements."""
    script = folder / f"{tenant}.sql"
    script.write_text(TRANSACTION.format(tenant=tenant, local=local))
    server = Server(dsn, "test", embedded=False, description="test")
    return subprocess.Popen(
        [find_pgbench(True), "-n", "-f", script, "-M", "extended", f"-c{clients}", f"-t{each}"],
        env=os.environ | server.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.long
def test_no_tenant_leaks_between_32_clients_of_a_pooler(
    db: Db, tenants: dict[str, str], app: str, pooler: Pooler, tmp_path: Path
) -> None:
    running = [
        pgbench(pooler.dsn(app), tmp_path, tenant, clients=16, each=313, local="true") for tenant in tenants.values()
    ]
    ends = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0], ends
    taken = dict(db.execute("select tenant_id::text, used from core.rate_bucket").fetchall())
    assert taken == dict.fromkeys(tenants.values(), 16 * 313)
    sessions = db.execute("select count(*) from pg_stat_activity where usename like 'login_%'").fetchone()[0]
    assert 1 <= sessions <= 4, "32 clients must share at most 4 sessions"


@pytest.mark.slow
def test_tenant_set_for_the_session_leaks_behind_a_pooler(
    tenants: dict[str, str], app: str, pooler: Pooler, tmp_path: Path
) -> None:
    """Shows that the test without leaks can fail. Applications must not set the tenant for a session."""
    running = [
        pgbench(pooler.dsn(app), tmp_path, tenant, clients=4, each=50, local="false") for tenant in tenants.values()
    ]
    ends = [process.communicate(timeout=120) for process in running]
    assert any("division by zero" in err for _, err in ends)


def test_psycopg_pool_must_not_prepare_statements(tenants: dict[str, str], app: str, pooler: Pooler) -> None:
    def work(pool: ConnectionPool, number: int) -> bool:
        tenant = list(tenants.values())[number % 2]
        with pool.connection() as conn:
            before = conn.execute("select core.current_tenant()").fetchone()[0]
            conn.execute("select set_config('app.tenant_id', %s, true)", [tenant])
            seen = [str(row[0]) for row in conn.execute("select tenant_id from core.tenant").fetchall()]
            if number % 5 == 0:
                conn.rollback()  # after a rollback no tenant is set
                return conn.execute("select count(*) from core.tenant").fetchone() == (0,)
        return before is None and seen == [tenant]

    def run(threshold: int | None, times: int) -> list[bool]:
        options = {"prepare_threshold": threshold}
        with (
            ConnectionPool(pooler.dsn(app), min_size=8, max_size=8, kwargs=options, open=True) as pool,
            ThreadPoolExecutor(32) as threads,
        ):
            return list(threads.map(lambda number: work(pool, number), range(times)))

    assert all(run(None, 400))
    with pytest.raises((psycopg.errors.InvalidSqlStatementName, psycopg.errors.DuplicatePreparedStatement)):
        run(1, 400)


@pytest.mark.slow
def test_job_worker_polls_behind_a_pooler(
    db: Db, cluster: Cluster, tenants: dict[str, str], make_login: Callable[..., str]
) -> None:
    db.execute(MAKE)
    login = make_login("stanchion_worker")
    with pooling(cluster, login) as pooler:
        argv = [str(Path(sys.executable).with_name("stanchion")), "worker", "run", "--poll", "0.2"]
        env = os.environ | {"DATABASE_URL": pooler.dsn(login)}
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
            try:
                for tenant in tenants.values():
                    enqueue(db, tenant, count=30)
                wait_for(db, "not exists (select from core.job) and (select count(*) from core.job_done) = 60")
                process.send_signal(signal.SIGTERM)
                out, err = process.communicate(timeout=120)
            finally:
                process.kill()
        assert (process.returncode, out) == (0, "60 done.\n")
        assert "Notifications do not pass a connection pooler; polling every 0.2 s." in err
        assert states(db) == {"done": 60}
        noted = db.execute("select tenant_id::text, count(*) from public.noted group by 1").fetchall()
        assert dict(noted) == dict.fromkeys(tenants.values(), 30)
        with psycopg.connect(pooler.dsn(login), prepare_threshold=None) as conn:
            # the setting is empty, rather than missing, in a session in which a transaction has set it
            assert conn.execute("select current_user, current_setting('app.tenant_id', true)").fetchone() in (
                (conn.info.user, None),
                (conn.info.user, ""),
            )


@pytest.mark.slow
def test_commands_that_need_a_session_refuse_a_pooler(
    db: Db, cluster: Cluster, tenants: dict[str, str], make_login: Callable[..., str], tmp_path: Path
) -> None:
    loader, owner = make_login("stanchion_loader"), make_login("stanchion_owner")
    (tmp_path / "game.json").write_text("{}")
    with pooling(cluster, loader, owner) as pooler:

        def refused(login: str, *args: str) -> bool:
            outcome: Outcome = run_stanchion(*args, database_url=pooler.dsn(login))
            assert outcome.code == 1, outcome.out
            return (
                f"127.0.0.1:{pooler.port} is a connection pooler, but this command needs its own session" in outcome.err
            )

        assert refused(loader, "load", str(tmp_path), "--tenant", tenants["ours"])
        for args in (["deploy"], ["partitions", "run"], ["build"], ["tenant", "list"]):
            assert refused(owner, *args)
    assert db.execute("select count(*) from landing.load_batch").fetchone() == (0,)


def test_pooler_is_detected_with_one_statement(app: str, pooler: Pooler) -> None:
    """is_pooled compares the backend pid of the connection with the result of one statement."""

    class Counting(psycopg.Connection[Any]):
        statements = 0

        def execute(self, *args: Any, **options: Any) -> Any:
            self.statements += 1
            return super().execute(*args, **options)

    for dsn, pooled in ((app, False), (pooler.dsn(app), True)):
        with Counting.connect(dsn, autocommit=True, prepare_threshold=None) as conn:
            assert is_pooled(conn) is pooled
            assert conn.statements == 1
