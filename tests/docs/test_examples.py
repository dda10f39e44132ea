"""The SQL examples for applications return the results shown in the comments behind them."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.docs.cli_reference import ROOT
from tests.docs.examples import check

MEMBER = "0b4f8f4e-6f5d-4c6e-9a53-8a6d3f9d2c11"  # the acting principal of the examples


@pytest.mark.parametrize(("page", "at_least"), [("stock.md", 14), ("live.md", 20), ("workspace.md", 14)])
def test_statements_return_the_result_on_their_page(
    page: str,
    at_least: int,
    db: psycopg.Connection[Any],
    tenants: dict[str, str],
    make_login: Callable[..., str],
) -> None:
    add_owner(db, tenants["ours"])
    check(ROOT / "docs" / page, make_login("stanchion_app"), tenants["ours"], at_least=at_least)


def add_owner(db: psycopg.Connection[Any], tenant: str) -> None:
    db.execute("insert into core.principal values (%s, %s, 'ada@example.org', 'Ada')", [tenant, MEMBER])
    db.execute("insert into core.membership values (%s, %s, 'owner')", [tenant, MEMBER])
