"""A server that tests of bad input share."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.conftest import Cluster, copy_of_deployed
from tests.serve.web import Web, serving, token
from tests.sessions import Db
from tests.workspace.team import add_members


@pytest.fixture(scope="module")
def shared_place(cluster: Cluster, deployed: Any) -> Iterator[tuple[str, str]]:
    """Make a database with a tenant and a login; yield the DSN of the login, and a token."""
    with copy_of_deployed(deployed, cluster, "shared_live") as dsn:
        with psycopg.connect(dsn, autocommit=True) as conn:
            tenant = str(conn.execute("select core.create_tenant('one', 'One', 'league')").fetchone()[0])
            (member,) = add_members(conn, tenant, 1)
            conn.execute("create role shared_live login password 'shared' in role stanchion_app")
        yield make_conninfo(dsn, user="shared_live", password="shared"), token(tenant, sub=member)
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute("drop role shared_live")


@pytest.fixture(scope="module")
def shared_web(shared_place: tuple[str, str]) -> Iterator[Web]:
    with serving(shared_place[0]) as found:
        yield found


@pytest.fixture
def shared_token(shared_place: tuple[str, str]) -> str:
    return shared_place[1]


@pytest.fixture
def tokens(db: Db, tenants: dict[str, str]) -> dict[str, str]:
    """Make a member of each tenant; return their tokens by the slug of the tenant."""
    return {slug: token(tenant, sub=add_members(db, tenant, 1)[0]) for slug, tenant in tenants.items()}
