"""Only our roles take advisory locks, no role creates large objects, and logins have timeouts and few connections."""

from collections.abc import Callable

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from stanchion.access.analysts import add_analyst, revoke_analyst
from stanchion.access.logins import add_login, drop_login
from stanchion.ops.check import run_check
from stanchion.paths import queries
from tests.conftest import Cluster
from tests.sessions import Db

FUNCTIONS = """
    select p.oid::regprocedure::text
    from pg_proc as p
    where p.pronamespace = 'pg_catalog'::regnamespace
        and p.proname ~ '^(pg_(try_)?advisory_|lo_|loread$|lowrite$)'
        and has_function_privilege(%s, p.oid, 'execute')
    order by 1
"""


def may_execute(db: Db, role: str) -> list[str]:
    return [function for (function,) in db.execute(FUNCTIONS, [role]).fetchall()]


def test_analysts_and_public_may_execute_none(deployed_db: Db) -> None:
    with deployed_db.transaction(force_rollback=True):
        deployed_db.execute("create role nobody_of_ours login")
        assert may_execute(deployed_db, "nobody_of_ours") == []
        assert may_execute(deployed_db, "stanchion_analyst") == []


def test_applications_and_workers_take_locks_of_a_transaction_only(deployed_db: Db) -> None:
    for role in ("stanchion_app", "stanchion_worker", "stanchion_loader"):
        functions = may_execute(deployed_db, role)
        assert "pg_advisory_xact_lock(bigint)" in functions
        assert [function for function in functions if "_xact_" not in function] == []
    assert may_execute(deployed_db, "stanchion_builder") == [
        "pg_advisory_unlock(bigint)",
        "pg_try_advisory_lock(bigint)",
    ]


@pytest.mark.parametrize(
    "attack",
    [
        "pg_advisory_lock(core.partition_run_lock())",
        "pg_try_advisory_xact_lock_shared(1, 2)",
        "count(pg_advisory_lock(n)) from generate_series(1, 2000000) as n",
        "lo_create(0)",
        "lo_from_bytea(0, 'x')",
    ],
)
def test_an_analyst_cannot_take_our_locks(attack: str, make_login: Callable[..., str]) -> None:
    attack = attack.replace("core.partition_run_lock()", "1470743569")
    with (
        psycopg.connect(make_login("stanchion_analyst")) as analyst,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for function"),
    ):
        analyst.execute(f"select {attack}")


def test_doctor_names_locks_that_every_login_can_take(db: Db, make_login: Callable[..., str]) -> None:
    text = queries("ops/checks.sql")["server_functions"]
    assert run_check(db, text).alerts == []
    db.execute("grant execute on function pg_advisory_lock(bigint) to public")
    (alert,) = run_check(db, text).alerts
    assert "(1 functions of Postgres)" in alert.problem
    with (
        psycopg.connect(make_login("stanchion_dba")) as dba,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="is not a superuser"),
    ):
        dba.execute("select core.restrict_server()")
    assert db.execute("select core.restrict_server() > 30").fetchone() == (True,)
    assert run_check(db, text).alerts == []


def test_logins_have_a_number_of_connections_and_timeouts(db: Db, tenants: dict[str, str], cluster: Cluster) -> None:
    password = add_analyst(db, "many", ["ours"])
    add_login(db, "few", "app", 3)
    try:
        rows = db.execute("select rolname, rolconnlimit, rolconfig from pg_roles where rolname in ('many', 'few')")
        settings = {name: (connections, dict(text.split("=") for text in config)) for name, connections, config in rows}
        assert (settings["many"][0], settings["few"][0]) == (5, 3)
        timeouts = {"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"}
        if db.info.server_version >= 170000:
            timeouts.add("transaction_timeout")
        for _, config in settings.values():
            assert timeouts <= config.keys()
        dsn = make_conninfo(cluster.dsn(db.info.dbname), user="many", password=password)
        taken = [psycopg.connect(dsn) for _ in range(5)]
        with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
            psycopg.connect(dsn)
        for conn in taken:
            conn.close()
    finally:
        revoke_analyst(db, "many", [])
        drop_login(db, "few")
