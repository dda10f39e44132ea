"""The tenancy rules in policies/rules. Each is a query that returns the violations.

The comment at the head of a rule ends with its severity and its remedy: `-- severity: critical`, `-- remedy: ...`.
"""

import re
from pathlib import Path

from stanchion.audit.findings import CRITICAL, Finding
from stanchion.paths import ROOT
from stanchion.server.connection import Connection

RULES = ROOT / "policies" / "rules"
_HEAD = re.compile(r"^-- (severity|remedy): (.+)$", re.MULTILINE)

# regclass prints a name with its schema only when the search path does not contain the schema
_PINNED = "set local search_path = pg_catalog; set local standard_conforming_strings = on"


def rule_files() -> list[Path]:
    """Return the files of the rules."""
    return sorted(RULES.glob("*.sql"))


def broken(conn: Connection, rule: Path) -> list[Finding]:
    """Return the violations of one rule."""
    text = rule.read_text(encoding="utf-8")
    head = dict(_HEAD.findall(text))
    with conn.transaction(force_rollback=True):
        conn.execute(_PINNED)
        rows = conn.execute(text.encode()).fetchall()
    severity, remedy = head.get("severity", CRITICAL), head.get("remedy", "")
    return [Finding(rule.stem, target, problem, severity, remedy) for target, problem in rows]
