"""Runs the SQL examples of a page. A comment after a statement contains its expected result.

An id in a comment stands for the id that the statement returned, also in later statements.
"""

import re
from pathlib import Path
from typing import Any

import psycopg

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
STATEMENTS = re.compile(r"^(.+;)(?:  -- (.+))?$", re.MULTILINE)


def check(page: Path, login: str, tenant: str, *, at_least: int) -> None:
    """Run every statement as an application of the tenant, and compare its first row with the comment."""
    blocks = re.findall(r"```sql\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    statements = [found for block in blocks for found in STATEMENTS.findall(block)]
    assert sum(bool(expected) for _, expected in statements) >= at_least
    ids: dict[str, str] = {}
    with psycopg.connect(login, autocommit=True) as conn:
        for statement, expected in statements:
            code = re.sub(r"app\.tenant_id = '[^']+'", f"app.tenant_id = '{tenant}'", statement)
            cursor = conn.execute(_ID.sub(lambda found: ids.get(found[0], found[0]), code))
            if expected:
                row: Any = cursor.fetchone()
                result = ", ".join(str(value) for value in row if value is not None)
                if _ID.fullmatch(expected):
                    ids[expected] = result
                else:
                    assert result == expected, statement
