"""What an audit finds."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: the rule or the login that found it, the object, and a sentence."""

    check: str
    object: str
    problem: str

    def __str__(self) -> str:
        return f"{self.object}: {self.problem} ({self.check})"


@dataclass
class Report:
    findings: list[Finding] = field(default_factory=list)
    rules: int = 0
    logins: int = 0
    relations: int = 0
    functions: int = 0
    attempts: int = 0

    def add(self, check: str, target: str, problem: str) -> None:
        finding = Finding(check, target, problem)
        if finding not in self.findings:
            self.findings.append(finding)
