"""Applications finish no jobs of a queue with a handler, and job workers work for no tenant without a job."""

from collections.abc import Callable

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.sessions import Db

DENIED = psycopg.errors.InsufficientPrivilege


@pytest.fixture
def worker(db: Db, tenants: dict[str, str], make_login: Callable[..., str]) -> str:
    """Make a queue with a handler, and a login of a job worker for the tenant ours."""
    db.execute(
        "insert into core.queue (queue, handler, description) values "
        "('core.mail', 'core.send', 'Mail'), ('core.report', null, 'Leased by a program')"
    )
    return make_conninfo(make_login("stanchion_worker"), options=f"-c app.tenant_id={tenants['ours']}")


def test_application_leases_no_job_that_has_a_handler(db: Db, login: str, worker: str) -> None:
    with psycopg.connect(login, autocommit=True) as conn:
        conn.execute("select core.enqueue('core.mail', '{}'), core.enqueue('stock.orders', '{}')")
        for queue in ("core.mail", "stock.orders", "contest.confirm"):
            with pytest.raises(DENIED, match=f"queue {queue} has the handler .*, so only job workers lease its jobs"):
                conn.execute("select core.lease(%s, 'an application')", [queue])
        assert conn.execute("select core.reap()").fetchone() == (0,)
    assert db.execute("select count(*) from core.job where lease_id is null").fetchone() == (2,)


def test_application_leases_jobs_of_a_queue_without_a_handler(login: str, worker: str) -> None:
    with psycopg.connect(login, autocommit=True) as conn:
        conn.execute("select core.enqueue('core.report', '{}')")
        (lease,) = conn.execute("select lease_id from core.lease('core.report', 'an application')").fetchone()
        assert conn.execute("select core.complete(%s)", [lease]).fetchone() == (1,)


@pytest.mark.parametrize("role", ["stanchion_app", "stanchion_worker"])
def test_leasing_functions_of_the_owner_are_not_granted(role: str, make_login: Callable[..., str]) -> None:
    with psycopg.connect(make_login(role), autocommit=True) as conn:
        for call in ("core.lease_jobs('stock.orders', 'x', 1, '1 s')", "core.release_job('{1}', 'x', true)"):
            with pytest.raises(DENIED, match="permission denied for function"):
                conn.execute(f"select {call}")


def test_worker_enqueues_only_for_a_tenant_with_a_leased_job(db: Db, login: str, worker: str) -> None:
    enqueue = "select core.enqueue('stock.orders', '{}')"
    with psycopg.connect(worker, autocommit=True) as conn, psycopg.connect(login, autocommit=True) as application:
        with pytest.raises(DENIED, match="a job worker enqueues jobs only for a tenant with a leased job"):
            conn.execute(enqueue)
        application.execute("select core.enqueue('core.mail', '{}')")
        with pytest.raises(DENIED, match="a job worker enqueues jobs only for a tenant with a leased job"):
            conn.execute(enqueue)  # the job only waits
        with conn.transaction():  # as a handler that enqueues the next step
            (lease,) = conn.execute("select lease_id from core.lease('core.mail', 'a worker')").fetchone()
            conn.execute(enqueue)
            assert conn.execute("select core.complete(%s)", [lease]).fetchone() == (1,)
        with pytest.raises(DENIED, match="a job worker enqueues jobs only for a tenant with a leased job"):
            conn.execute(enqueue)
    assert db.execute("select queue from core.job").fetchall() == [("stock.orders",)]


def test_worker_without_jobs_changes_nothing_for_a_tenant(db: Db, worker: str) -> None:
    """Every function that a job worker may call returns that there is nothing to do."""
    with psycopg.connect(worker, autocommit=True) as conn:
        for call, found in [
            ("select core.reap()", [(0,)]),
            ("select stock.fulfil_batch()", [(0,)]),
            ("select stock.fulfil(gen_random_uuid())", [(0,)]),
            ("select contest.confirm_due(gen_random_uuid())", [(0,)]),
            ("select core.complete(gen_random_uuid()), core.fail(gen_random_uuid(), 'x')", [(0, 0)]),
            (
                "select from core.lease('stock.orders', 'x') union all select from core.split_lease(gen_random_uuid())",
                [],
            ),
            ("select from core.due_queues()", []),
        ]:
            assert conn.execute(call).fetchall() == found, call
