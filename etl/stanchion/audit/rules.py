"""The tenancy rules in policies/rules. Each is a query that returns the violations.

The comment at the head of a rule ends with its severity and its remedy: `-- severity: critical`, `-- remedy: ...`.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from psycopg import sql

from stanchion.audit.findings import CRITICAL, Finding
from stanchion.paths import ROOT
from stanchion.server.connection import Connection

RULES = ROOT / "policies" / "rules"
_HEAD = re.compile(r"^-- (severity|remedy): (.+)$", re.MULTILINE)

_STATEMENTS = "core.own_statement"

# regclass prints a name with its schema only when the search path does not contain the schema; compiling the many
# expressions of a rule takes seconds
_PINNED = "set local search_path = pg_catalog; set local standard_conforming_strings = on; set local jit = off"


def rule_files() -> list[Path]:
    """Return the files of the rules."""
    return sorted(RULES.glob("*.sql"))


def rules_without(names: Iterable[str]) -> list[Path]:
    """Return the files of the rules that read none of these relations."""
    reads = re.compile(rf"^[^-']*\b({'|'.join(map(re.escape, names))})\b", re.MULTILINE)
    return [rule for rule in rule_files() if not reads.search(rule.read_text(encoding="utf-8"))]


def broken(conn: Connection, *rules: Path) -> list[Finding]:
    """Return the violations of rules.

    The rules that read the statements of functions are one query, because dividing the bodies into statements takes
    longer than the rest of these rules.
    """
    texts = {rule: rule.read_text(encoding="utf-8") for rule in rules}
    together = {rule: text for rule, text in texts.items() if _STATEMENTS in text}
    found: dict[Path, list[tuple[str, str]]] = {rule: [] for rule in rules}
    with conn.transaction(force_rollback=True):
        conn.execute(_PINNED)
        for rule, text in texts.items():
            if rule not in together:
                found[rule] = conn.execute(text.encode()).fetchall()
        if together:
            for number, target, problem in conn.execute(_one_query(together.values())).fetchall():
                found[list(together)[number]].append((target, problem))
    return [_finding(rule, text, *row) for rule, text in texts.items() for row in found[rule]]


def _finding(rule: Path, text: str, target: str, problem: str) -> Finding:
    head = dict(_HEAD.findall(text))
    return Finding(rule.stem, target, problem, head.get("severity", CRITICAL), head.get("remedy", ""))


def _one_query(texts: Iterable[str]) -> sql.Composed:
    """Return a query of the violations of several rules, each row with the number of its rule."""
    schema, _, name = _STATEMENTS.partition(".")
    queries = (
        sql.SQL("select {}, r.object::text, r.problem::text from (\n{}\n) as r").format(
            sql.Literal(number), sql.SQL(text.replace(_STATEMENTS, name))
        )
        for number, text in enumerate(texts)
    )
    return sql.SQL("with {} as materialized (table {})\n{}").format(
        sql.Identifier(name), sql.Identifier(schema, name), sql.SQL("\nunion all\n").join(queries)
    )
