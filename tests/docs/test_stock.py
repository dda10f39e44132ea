"""The examples for shops do what the page says: each statement answers with the remark behind it."""

import re
from collections.abc import Callable
from typing import Any

import psycopg

from tests.docs.cli_reference import ROOT

PAGE = ROOT / "docs" / "stock.md"
STATEMENTS = re.compile(r"^(.+;)(?:  -- (.+))?$", re.MULTILINE)


def test_every_statement_answers_as_it_says(tenants: dict[str, str], make_login: Callable[..., str]) -> None:
    blocks = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    asked = [found for block in blocks for found in STATEMENTS.findall(block)]
    assert sum(bool(expected) for _, expected in asked) >= 14
    with psycopg.connect(make_login("stanchion_app"), autocommit=True) as conn:
        for statement, expected in asked:
            cursor = conn.execute(
                re.sub(r"app\.tenant_id = '[^']+'", f"app.tenant_id = '{tenants['ours']}'", statement)
            )
            if expected:
                row: Any = cursor.fetchone()
                assert ", ".join(str(value) for value in row if value is not None) == expected, statement
