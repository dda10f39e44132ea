"""Runs the SQL examples of a page. A comment after a statement contains its expected result."""

import re
from pathlib import Path
from typing import Any

import psycopg

STATEMENTS = re.compile(r"^(.+;)(?:  -- (.+))?$", re.MULTILINE)


def check(page: Path, login: str, tenant: str, *, at_least: int) -> None:
    """Run every statement as an application of the tenant, and compare its first row with the comment."""
    blocks = re.findall(r"```sql\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    statements = [found for block in blocks for found in STATEMENTS.findall(block)]
    assert sum(bool(expected) for _, expected in statements) >= at_least
    with psycopg.connect(login, autocommit=True) as conn:
        for statement, expected in statements:
            cursor = conn.execute(re.sub(r"app\.tenant_id = '[^']+'", f"app.tenant_id = '{tenant}'", statement))
            if expected:
                row: Any = cursor.fetchone()
                assert ", ".join(str(value) for value in row if value is not None) == expected, statement
