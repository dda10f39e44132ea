"""PgBouncer with the configuration of docs/places serves applications and analysts with the verifiers of the server."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from stanchion.access.analysts import add_analyst, revoke_analyst
from stanchion.access.logins import create_login, drop_login
from stanchion.paths import ROOT
from tests.conftest import Cluster
from tests.replicas.pooler import Pooler, serving
from tests.sessions import Db

pytestmark = pytest.mark.debian
APP, ANALYST = "pooled_app", "pooled_analyst"


@pytest.fixture
def logins(db: Db, dsn: str, tenants: dict[str, str]) -> Iterator[dict[str, str]]:
    passwords = {APP: create_login(db, APP, "stanchion_app"), ANALYST: add_analyst(db, ANALYST, ["ours"])}
    yield {name: make_conninfo(dsn, user=name, password=password) for name, password in passwords.items()}
    revoke_analyst(db, ANALYST, [])
    drop_login(db, APP)


@pytest.fixture
def pooler(db: Db, cluster: Cluster, logins: dict[str, str]) -> Iterator[Pooler]:
    text = (ROOT / "docs" / "places" / "pgbouncer" / "pgbouncer.ini").read_text()
    databases, settings = text.split("[pgbouncer]\n")
    database = db.info.dbname
    databases = databases.replace("stats", database).replace(
        "db.example port=5432", f"{cluster.host} port={cluster.port}"
    )
    own = re.sub(r"^(listen_\w+|auth_file|max_client_conn|pool_mode) = .*\n", "", settings, flags=re.MULTILINE)
    verifiers = db.execute("select rolname, rolpassword from pg_authid where rolname = any(%s)", [list(logins)])
    with serving(databases, dict(verifiers.fetchall()), logins[APP], own) as pooler:
        yield pooler


def test_many_clients_of_each_login_share_five_sessions(
    db: Db, tenants: dict[str, str], logins: dict[str, str], pooler: Pooler
) -> None:
    def read(number: int) -> list[Any]:
        name = (APP, ANALYST)[number % 2]
        with psycopg.connect(pooler.dsn(logins[name]), prepare_threshold=None) as conn:
            if name == APP:
                slug = ("ours", "theirs")[number // 2 % 2]
                conn.execute("select core.set_local('app.tenant_id', %s)", [tenants[slug]])
            seen = conn.execute("select name from core.tenant, pg_sleep(0.02)").fetchall()
            return [name, (number // 2 % 2 if name == APP else 0), seen]

    with ThreadPoolExecutor(24) as threads:
        answers = list(threads.map(read, range(96)))
    names = dict(db.execute("select slug, name from core.tenant").fetchall())
    assert all(seen == [(names[("ours", "theirs")[which]],)] for _, which, seen in answers)
    sessions = db.execute("select usename, count(*) from pg_stat_activity where usename like 'pooled%' group by 1")
    counts = dict(sessions.fetchall())
    assert counts.keys() == {APP, ANALYST}
    assert max(counts.values()) <= 5


def test_a_wrong_password_is_refused(logins: dict[str, str], pooler: Pooler) -> None:
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(pooler.dsn(make_conninfo(logins[APP], password="wrong")))
