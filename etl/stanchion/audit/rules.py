"""The tenancy rules in policies/rules. Each is a query that returns the violations."""

from pathlib import Path

from stanchion.audit.findings import Finding
from stanchion.paths import ROOT
from stanchion.server.connection import Connection

RULES = ROOT / "policies" / "rules"


def rule_files() -> list[Path]:
    """Return the files of the rules."""
    return sorted(RULES.glob("*.sql"))


def broken(conn: Connection, rule: Path) -> list[Finding]:
    """Return the violations of one rule."""
    with conn.transaction(force_rollback=True):
        # regclass prints a name with its schema only when the search path does not contain the schema
        conn.execute("set local search_path = pg_catalog")
        rows = conn.execute(rule.read_text(encoding="utf-8").encode()).fetchall()
    return [Finding(rule.stem, target, problem) for target, problem in rows]
