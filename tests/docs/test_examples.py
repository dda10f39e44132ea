"""The examples for applications do what their page says: each statement answers with the remark behind it."""

import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.docs.cli_reference import ROOT

STATEMENTS = re.compile(r"^(.+;)(?:  -- (.+))?$", re.MULTILINE)
MEMBER = "0b4f8f4e-6f5d-4c6e-9a53-8a6d3f9d2c11"  # who acts on the page


@pytest.mark.parametrize(("page", "answers"), [("stock", 14), ("workspace", 14)])
def test_every_statement_answers_as_it_says(
    page: str,
    answers: int,
    db: psycopg.Connection[Any],
    tenants: dict[str, str],
    make_login: Callable[..., str],
) -> None:
    db.execute("insert into core.principal values (%s, %s, 'ada@example.org', 'Ada')", [tenants["ours"], MEMBER])
    db.execute("insert into core.membership values (%s, %s, 'owner')", [tenants["ours"], MEMBER])
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    asked = [found for block in blocks for found in STATEMENTS.findall(block)]
    assert sum(bool(expected) for _, expected in asked) >= answers
    with psycopg.connect(make_login("stanchion_app"), autocommit=True) as conn:
        for statement, expected in asked:
            cursor = conn.execute(
                re.sub(r"app\.tenant_id = '[^']+'", f"app.tenant_id = '{tenants['ours']}'", statement)
            )
            if expected:
                row: Any = cursor.fetchone()
                assert ", ".join(str(value) for value in row if value is not None) == expected, statement
