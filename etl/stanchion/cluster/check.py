"""Objects and statements that a cluster refuses or runs differently, found on any server without a cluster.

A rule of policies/rules belongs here when a line of its head, `-- cluster: D1`, names the obstacle that it prevents.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stanchion.audit.findings import Finding
from stanchion.audit.rules import broken, rule_files
from stanchion.cluster.texts import check_texts, shipped_texts
from stanchion.paths import query
from stanchion.server.connection import Connection, require_deployed

_HEAD = re.compile(r"^-- cluster: .+$", re.MULTILINE)


@dataclass(frozen=True)
class CheckResult:
    """The findings, with the numbers of rules and texts."""

    findings: list[Finding]
    rules: int
    texts: int


def cluster_rules() -> Iterator[Path]:
    """Yield the files of the rules that keep the schema ready for a cluster."""
    return (rule for rule in rule_files() if _HEAD.search(rule.read_text(encoding="utf-8")))


def check(conn: Connection) -> CheckResult:
    """Run the rules over the catalog, and the checks of the texts that ship with Stanchion."""
    require_deployed(conn)
    rules, texts = list(cluster_rules()), list(shipped_texts())
    findings = broken(conn, *rules)
    findings += check_texts(texts, distributed_tables(conn))
    return CheckResult(findings, len(rules), len(texts))


def distributed_tables(conn: Connection) -> frozenset[str]:
    """Return the names of the tables that a cluster distributes by tenant."""
    return frozenset(name for (name,) in conn.execute(query("cluster", "distributed_tables")))
