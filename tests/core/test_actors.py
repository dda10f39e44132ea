"""A row names a principal only when it belongs to the tenant, and always the login that the server authenticated."""

from collections.abc import Callable

import psycopg
import pytest

from tests.sessions import Db

DENIED = psycopg.errors.InsufficientPrivilege
# calls that write a row with the actor: the audit log, an event, a job, a use of a feature
CALLS = [
    "select stock.add_item('Chair', 1, 1)",
    "select core.append_events('game', 'g', null, '[{\"type\": \"goal\"}]')",
    "select core.enqueue('core.mail', '{}')",
    "select workspace.record_usage('assistant')",
]


@pytest.fixture
def name(db: Db, tenants: dict[str, str], login: str) -> str:
    """Add a queue for the calls; return the name of the application's login."""
    db.execute("insert into core.queue (queue, description) values ('core.mail', 'Mail')")
    return psycopg.conninfo.conninfo_to_dict(login)["user"]


def add_owner(db: Db, tenant: str) -> str:
    with db.transaction():
        db.execute("select set_config('app.tenant_id', %s, true)", [tenant])
        return str(db.execute("select core.add_member('olive@a.example', 'Olive', 'owner')").fetchone()[0])


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("setting", ["app.principal_id", "request.jwt.claims"])
def test_principal_of_another_tenant_is_refused(
    setting: str, call: str, db: Db, tenants: dict[str, str], login: str, name: str
) -> None:
    theirs = add_owner(db, tenants["theirs"])
    with psycopg.connect(login, autocommit=True) as conn:
        text = theirs if setting == "app.principal_id" else f'{{"sub": "{theirs}"}}'
        conn.execute("select set_config(%s, %s, false)", [setting, text])
        with pytest.raises(DENIED, match=f"principal {theirs} does not belong to the tenant"):
            conn.execute(call)


@pytest.mark.parametrize("call", CALLS)
def test_request_id_is_limited(call: str, login: str, name: str) -> None:
    with psycopg.connect(login, autocommit=True) as conn:
        conn.execute("select set_config('app.request_id', repeat('x', 200), false)")
        conn.execute(call)
        conn.execute("select set_config('app.request_id', repeat('x', 30000000), false)")
        if "record_usage" in call:  # stores no request id
            conn.execute(call)
            return
        with pytest.raises(
            psycopg.errors.StringDataRightTruncation, match=r"app\.request_id has 30000000 characters, at most 200 are"
        ):
            conn.execute(call)


def test_audit_log_records_the_login_beside_the_principal(
    db: Db, tenants: dict[str, str], login: str, name: str, make_login: Callable[..., str]
) -> None:
    ours = add_owner(db, tenants["ours"])
    with psycopg.connect(login, autocommit=True) as conn:
        conn.execute("select set_config('app.principal_id', %s, false)", [ours])
        conn.execute("select stock.add_item('Chair', 1, 1)")
        with conn.transaction():
            (item,) = conn.execute("select item_id from stock.item").fetchone()
        conn.execute("select stock.enqueue_buy(%s, 1, 'a key')", [item])
    with psycopg.connect(make_login("stanchion_worker")) as worker:  # decides the order for the application
        worker.execute("select set_config('app.tenant_id', %s, true), stock.fulfil_batch()", [tenants["ours"]])
    rows = "select action, actor, login from core.audit_log where tenant_id = %s and actor = %s order by recorded_at"
    assert db.execute(rows, [tenants["ours"], ours]).fetchall() == [
        ("stock.add", ours, name),
        ("stock.purchase", ours, name),
    ]
