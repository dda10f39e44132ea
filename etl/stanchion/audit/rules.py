"""The rules in policies/rules: each a query that names what breaks it."""

from pathlib import Path

from stanchion.audit.findings import Finding
from stanchion.paths import ROOT
from stanchion.server.connection import Connection

RULES = ROOT / "policies" / "rules"


def rule_files() -> list[Path]:
    return sorted(RULES.glob("*.sql"))


def broken(conn: Connection, rule: Path) -> list[Finding]:
    """What breaks one rule."""
    with conn.transaction(force_rollback=True):
        # names are told with their schema only when the search path does not hold it
        conn.execute("set local search_path = pg_catalog")
        rows = conn.execute(rule.read_text(encoding="utf-8").encode()).fetchall()
    return [Finding(rule.stem, target, problem) for target, problem in rows]
