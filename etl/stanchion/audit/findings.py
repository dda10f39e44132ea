"""The results of an audit."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """A violation: the rule or login that found it, the object, and a description."""

    check: str
    object: str
    problem: str

    def __str__(self) -> str:
        return f"{self.object}: {self.problem} ({self.check})"


@dataclass
class AuditResult:
    """The findings of an audit, with the numbers of rules, logins, objects and attempts."""

    findings: list[Finding] = field(default_factory=list)
    rules: int = 0
    logins: int = 0
    relations: int = 0
    functions: int = 0
    attempts: int = 0

    def add(self, check: str, target: str, problem: str) -> None:
        """Add a finding unless it is known."""
        finding = Finding(check, target, problem)
        if finding not in self.findings:
            self.findings.append(finding)
