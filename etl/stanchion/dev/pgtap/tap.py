"""Parse the Test Anything Protocol as pgTAP writes it: a plan, results, directives and diagnostics."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_PLAN = re.compile(r"1\.\.(\d+)\b.*")
_RESULT = re.compile(r"(not )?ok (\d+)(?: - (.*?))?(?: # (TODO|SKIP)\b:?\s*(.*))?", re.I)


@dataclass
class Assertion:
    """One `ok` or `not ok` with its diagnostics."""

    ok: bool
    number: int
    name: str = ""
    directive: str = ""
    reason: str = ""
    line: int | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return not self.ok and self.directive != "TODO"

    def __str__(self) -> str:
        """Return the line of TAP, without the diagnostics."""
        directive = f" # {self.directive} {self.reason}".rstrip() if self.directive else ""
        name = self.name.replace("#", "\\#")
        return f"{'ok' if self.ok else 'not ok'} {self.number} - {name}".removesuffix(" - ") + directive


@dataclass
class Reading:
    """The plan and the assertions that were read from the rows of one file."""

    plan: int | None = None
    assertions: list[Assertion] = field(default_factory=list)
    _nested: list[str] = field(default_factory=list)

    def feed(self, rows: Iterable[str]) -> list[Assertion]:
        """Read the rows of one statement; return the assertions among them."""
        before = len(self.assertions)
        for row in rows:
            for line in row.split("\n"):
                self._read(line)
        return self.assertions[before:]

    def _read(self, line: str) -> None:
        if match := _PLAN.fullmatch(line):
            self.plan = int(match[1])
        elif match := _RESULT.fullmatch(line.rstrip()):
            bad, number, name, directive, reason = match.groups(default="")
            name = name.replace("\\#", "#")
            read = Assertion(not bad, int(number), name, directive.upper(), reason, notes=self._nested)
            self.assertions.append(read)
            self._nested = []
        elif line.startswith("    "):  # runtests(): the inner results come before the outer one
            self._nested.append(line.strip())
        elif line.startswith("#") and self.assertions and not line.startswith("# Looks like you "):
            self.assertions[-1].notes.append(line)
