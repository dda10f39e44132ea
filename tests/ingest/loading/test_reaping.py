"""Dead loads are ended by sessions at the node of their tenant only."""

from collections.abc import Callable

import psycopg
from psycopg.conninfo import make_conninfo

from tests.sessions import Db

STATES = "select array_agg(b.state order by b.load_id) from landing.load_batch as b where b.tenant_id = %s"


def begin(db: Db, loader: str) -> None:
    """Begin a load, and end its session without ending the load."""
    with psycopg.connect(loader, autocommit=True) as conn:
        conn.execute("select landing.begin_load('games', 'a folder')")
        pid = conn.info.backend_pid
    while db.execute("select from pg_stat_activity where pid = %s", [pid]).rowcount:
        pass  # the locks of a session outlive its connection for a moment


def test_load_begun_later_reaps_dead_loads_of_its_tenant(
    db: Db, tenants: dict[str, str], make_login: Callable[..., str]
) -> None:
    login = make_login("stanchion_loader")
    ours, theirs = (make_conninfo(login, options=f"-c app.tenant_id={tenants[slug]}") for slug in ("ours", "theirs"))
    for loader in (theirs, ours, ours):
        begin(db, loader)
    assert db.execute(STATES, [tenants["ours"]]).fetchone() == (["reaped", "running"],)
    assert db.execute(STATES, [tenants["theirs"]]).fetchone() == (["running"],)
    assert db.execute("select landing.reap_loads()").fetchone() == (2,)  # an operator reaps every tenant's


def test_session_at_another_node_reaps_no_load(db: Db, tenants: dict[str, str], make_login: Callable[..., str]) -> None:
    """The lock of a live load is on the node of the tenant, so a session elsewhere cannot see that it lives."""
    begin(db, make_conninfo(make_login("stanchion_loader"), options=f"-c app.tenant_id={tenants['ours']}"))
    db.execute("""
        create or replace function core.is_at_home(p_id uuid) returns boolean
        language sql stable security definer set search_path = pg_catalog, pg_temp return false
    """)
    assert db.execute("select landing.reap_loads()").fetchone() == (0,)
    assert db.execute(STATES, [tenants["ours"]]).fetchone() == (["running"],)
