"""Fixture of a team: a login of its application."""

from collections.abc import Callable

import pytest
from psycopg.conninfo import make_conninfo


@pytest.fixture
def team(tenants: dict[str, str], make_login: Callable[..., str]) -> str:
    """Return the connection string of an application that acts for the tenant "ours"."""
    return make_conninfo(make_login("stanchion_app"), options=f"-c app.tenant_id={tenants['ours']}")
