"""The findings of an audit and of a comparison with the last deploy."""

import hashlib
import re
from dataclasses import dataclass, field

CRITICAL, HIGH, WARNING = "critical", "high", "warning"  # severities, the worst first


def stable_id(check: str, target: str, problem: str) -> str:
    """Return an id that is the same in every run. Numbers in the problem, such as counts, do not change it."""
    digest = hashlib.sha256(re.sub(r"\d+", "#", problem).encode()).hexdigest()
    return f"{check}/{target}/{digest[:8]}".replace(" ", "-")


@dataclass(frozen=True)
class Finding:
    """A violation: the rule or login that found it, the object, a description, the severity and the remedy."""

    check: str
    object: str
    problem: str
    severity: str = field(default=CRITICAL, compare=False)
    remedy: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.object}: {self.problem} ({self.check})"

    @property
    def id(self) -> str:
        return stable_id(self.check, self.object, self.problem)

    def as_dict(self) -> dict[str, str]:
        """Return the finding for programs, which recognise it by its id."""
        return {
            "id": self.id,
            "severity": self.severity,
            "check": self.check,
            "object": self.object,
            "problem": self.problem,
            "remedy": self.remedy,
        }


_REMEDY = "Correct the policy, grant or function, then run: stanchion audit"


@dataclass
class AuditResult:
    """The findings of an audit, with the numbers of rules, logins, objects and attempts."""

    findings: list[Finding] = field(default_factory=list)
    rules: int = 0
    logins: int = 0
    relations: int = 0
    functions: int = 0
    attempts: int = 0

    def add(self, check: str, target: str, problem: str, *, severity: str = CRITICAL, remedy: str = _REMEDY) -> None:
        """Add a finding unless it is known."""
        finding = Finding(check, target, problem, severity, remedy)
        if finding not in self.findings:
            self.findings.append(finding)
