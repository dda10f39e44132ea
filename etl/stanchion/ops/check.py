"""Checks of a database: a statement that should be true, and an alert for each violation."""

import re
from dataclasses import dataclass, field

from stanchion.audit.findings import HIGH, WARNING, Finding, stable_id
from stanchion.server.connection import Connection

# Checks whose violations lose data, stop writes or let one tenant reach another; the others are warnings.
_HIGH = {"modules", "durability", "loads_dead", "partitions_ahead", "prepared_transactions", "security_fixes", "disk"}


@dataclass(frozen=True)
class Alert:
    """A violation of a check, and the remedy. An alert of an audit has the id and the severity of its finding."""

    problem: str
    remedy: str
    id: str = ""
    severity: str = ""

    @classmethod
    def of(cls, finding: Finding) -> "Alert":
        """Return the alert of a finding of a rule."""
        return cls(f"{finding}.", finding.remedy, finding.id, finding.severity)


@dataclass(frozen=True)
class Check:
    """A statement about the database (the promise), with its violations."""

    promise: str
    alerts: list[Alert] = field(default_factory=list)
    name: str = ""

    @property
    def id(self) -> str:
        """Return the name, or for a check without one its promise in words without numbers."""
        return self.name or "_".join(re.findall(r"[a-z]+", self.promise.lower()))

    def severities(self) -> list[str]:
        """Return the severity of each alert."""
        return [alert.severity or usual_severity(self.name) for alert in self.alerts]

    def as_dict(self) -> dict[str, object]:
        """Return the check for programs, which recognise it and its alerts by their ids."""
        alerts = [
            {
                "id": alert.id or stable_id(self.id, "alert", alert.problem),
                "severity": severity,
                "problem": alert.problem,
                "remedy": alert.remedy,
            }
            for alert, severity in zip(self.alerts, self.severities(), strict=True)
        ]
        return {"id": self.id, "promise": self.promise, "alerts": alerts}


def usual_severity(name: str) -> str:
    """Return the severity of the alerts of a check that have none of their own."""
    return HIGH if name in _HIGH else WARNING


def run_check(conn: Connection, text: str, name: str = "") -> Check:
    """Run a query of ops/checks.sql: its first line is the promise, and each of its rows is (problem, remedy)."""
    promise = text.partition("\n")[0].removeprefix("-- ")
    return Check(promise, [Alert(*row) for row in conn.execute(text.encode()).fetchall()], name)
