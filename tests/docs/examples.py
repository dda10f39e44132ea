"""The SQL of a page, whose remarks say what each statement answers."""

import re
from pathlib import Path
from typing import Any

import psycopg

STATEMENTS = re.compile(r"^(.+;)(?:  -- (.+))?$", re.MULTILINE)


def check(page: Path, login: str, tenant: str, *, at_least: int) -> None:
    """Run every statement as an application that acts for the tenant; the first row is what the remark says."""
    blocks = re.findall(r"```sql\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    asked = [found for block in blocks for found in STATEMENTS.findall(block)]
    assert sum(bool(expected) for _, expected in asked) >= at_least
    with psycopg.connect(login, autocommit=True) as conn:
        for statement, expected in asked:
            cursor = conn.execute(re.sub(r"app\.tenant_id = '[^']+'", f"app.tenant_id = '{tenant}'", statement))
            if expected:
                row: Any = cursor.fetchone()
                assert ", ".join(str(value) for value in row if value is not None) == expected, statement
