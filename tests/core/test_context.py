"""The tenant is set for one transaction; the next transaction of the connection has none."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

CLAIMS = '{"app_metadata": {"tenant_id": "%s"}}'


@pytest.mark.parametrize("way", ["setting", "claims", "key"])
def test_tenant_is_unset_after_the_transaction(
    way: str, db: psycopg.Connection[Any], tenants: dict[str, str], make_login: Callable[..., str]
) -> None:
    ours = tenants["ours"]
    with db.transaction():
        db.execute("select set_config('app.tenant_id', %s, true)", [ours])
        key = db.execute("select core.create_api_key('k')").fetchone()[0]
    begin = {
        "setting": ("select set_config('app.tenant_id', %s, true)", ours),
        "claims": ("select core.set_context(%s::jsonb)", CLAIMS % ours),
        "key": ("select * from core.use_api_key(%s)", key),
    }
    statement, argument = begin[way]
    with psycopg.connect(make_login("stanchion_app"), autocommit=True) as conn:
        for _ in range(2):  # after the first pass the setting exists and is empty
            with conn.transaction():
                conn.execute(statement, [argument])
                assert conn.execute("select slug from core.tenant").fetchall() == [("ours",)]
            assert conn.execute("select slug from core.tenant").fetchall() == []
            assert conn.execute("select core.current_tenant()").fetchone() == (None,)


def test_prepared_statement_follows_the_tenant(tenants: dict[str, str], make_login: Callable[..., str]) -> None:
    with psycopg.connect(make_login("stanchion_app"), autocommit=True, prepare_threshold=0) as conn:
        conn.execute("set plan_cache_mode = force_generic_plan")
        for slug in ["ours", "theirs"] * 10:
            with conn.transaction():
                conn.execute("select set_config('app.tenant_id', %s, true)", [tenants[slug]])
                assert conn.execute("select slug from core.tenant").fetchall() == [(slug,)]


def test_only_a_well_formed_uuid_is_a_tenant(db: psycopg.Connection[Any], make_login: Callable[..., str]) -> None:
    """Text of any other form yields no tenant and no error, also if a cast to uuid would accept it."""
    tenant = "00000000-0000-0000-0000-00000000000a"
    others = [
        "", " ", "-" * 36, "0" * 32, "0" * 36, "{" + tenant + "}", tenant + " ", " " + tenant, tenant[:-1],
        tenant + "0", tenant[:-1] + "g", tenant[:-1] + "é", tenant[:-1] + "٣", tenant.replace("-", ""),
        tenant.replace("-", "_"), "0000000-00000-0000-0000-00000000000a",
        "00000000-0000-0000-00000-0000000000a", "-" + tenant[1:], tenant[:-1] + "-",
        "0000-0000-0000-0000-0000-0000-0000-000a", "________-____-____-____-____________", tenant + "\n", "%",
        "null",
    ]  # fmt: skip
    with psycopg.connect(make_login("stanchion_app"), autocommit=True) as conn:
        for text in [tenant, tenant.upper(), *others]:
            with conn.transaction():
                conn.execute("select set_config('app.tenant_id', %s, true)", [text])
                (found,) = conn.execute("select core.current_tenant()").fetchone() or ()
                assert str(found) == (tenant if text in (tenant, tenant.upper()) else "None"), text
                # a malformed setting is not replaced by the token
                conn.execute("select set_config('request.jwt.claims', %s, true)", [CLAIMS % tenant])
                (found,) = conn.execute("select core.current_tenant()").fetchone() or ()
                assert str(found) == (tenant if text in ("", tenant, tenant.upper()) else "None"), text
