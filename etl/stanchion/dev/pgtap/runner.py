"""Run one pgTAP file on its own connection and report its failures.

A file is an ordinary pgTAP script: begin; plan; assertions; finish; rollback;. The connection's
search_path is `tap, public`, so the same file also runs under psql:

    PGOPTIONS='-c search_path=tap,public' psql -X -q -A -t -f tests/sql/roles.test.sql

A line `\\ir FILE` includes the statements of another file, as in psql; the path is relative to the test file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from stanchion.deploy.script import results
from stanchion.deploy.statements import Statement
from stanchion.dev.pgtap import script, tap
from stanchion.errors import StanchionError

# statements.split assumes standard_conforming_strings: with it, the server finds the same literals.
_OPTIONS = "-c search_path=tap,public -c standard_conforming_strings=on"
_ENDS_TRANSACTION = {b"BEGIN", b"START TRANSACTION", b"COMMIT", b"PREPARE TRANSACTION"}
_FINISH = re.compile(r"\bfinish \(")
_NO_PGTAP = ("function plan(", "function no_plan(")
_NOTICES_SHOWN = 20


@dataclass(frozen=True)
class Problem:
    """A failure of the file itself: a SQL error, a wrong number of assertions, a missing isolation."""

    text: str
    line: int | None = None
    notes: tuple[str, ...] = ()
    path: Path | None = None  # of an included file; the test file otherwise


@dataclass
class Outcome:
    """The result of one file: its assertions and its other problems."""

    path: Path
    plan: int | None = None
    assertions: list[tap.Assertion] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems and not any(assertion.failed for assertion in self.assertions)

    @property
    def skipped(self) -> str:
        """The reason for skipping the file; empty unless every assertion was skipped."""
        skips = [assertion for assertion in self.assertions if assertion.directive == "SKIP"]
        return skips[0].reason or "skipped" if self.ok and len(skips) == len(self.assertions) else ""

    def report(self) -> str:
        """Return each failure as `file:line: text`, its diagnostics indented below; empty without a failure."""
        if self.ok:
            return ""
        lines: list[str] = []
        for assertion in self.assertions:
            if assertion.failed:
                notes = [note for note in assertion.notes if not note.startswith("# Failed test")]
                what = f"not ok {assertion.number} - {assertion.name}".removesuffix(" - ")
                lines += [f"{self._where(assertion.line)}: {what}", *indented(notes)]
        for problem in self.problems:
            where = self._where(problem.line, problem.path)
            lines += [f"{where}: {problem.text}", *indented(problem.notes)]
        if self.notices:
            lines += ["messages of the server:", *indented(self.notices[-_NOTICES_SHOWN:])]
        return "\n".join(lines)

    def _where(self, line: int | None, path: Path | None = None) -> str:
        name = shown(path or self.path)
        return f"{name}:{line}" if line else name


def shown(path: Path) -> str:
    """Return the path relative to the working directory, or the absolute path of a file outside it."""
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else str(absolute)


def indented(notes: list[str] | tuple[str, ...]) -> list[str]:
    return [f"    {line.removeprefix('#').strip() if line.startswith('#') else line}" for line in notes]


def run(path: Path, dsn: str) -> Outcome:
    """Run one file. A file that is not isolated or not text is refused without a connection."""
    try:
        source = script.read(path)
    except script.RefusedFileError as refusal:
        return Outcome(path, problems=[Problem(refusal.text, refusal.line, path=refusal.path)])
    with closing(connect(dsn)) as connection:  # psycopg's own context manager would commit
        return _Run(source, connection).outcome()


def connect(dsn: str) -> psycopg.Connection:
    """Open a new connection on which the functions of pgTAP are found without a schema name."""
    try:
        theirs = conninfo_to_dict(dsn).get("options") or os.environ.get("PGOPTIONS", "")
        return psycopg.connect(dsn, autocommit=True, options=f"{_OPTIONS} {theirs}".strip(), client_encoding="utf8")
    except psycopg.Error as error:
        raise StanchionError(f"cannot connect to the test database: {_first_line(error)}") from None


def _first_line(error: psycopg.Error) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


class _Run:
    """One file on one connection. The number of the running statement determines the line in a message."""

    def __init__(self, source: script.Script, connection: psycopg.Connection) -> None:
        self.source = source
        self.connection = connection
        self.reading = tap.Reading()
        self.result = Outcome(source.path)
        self.done: list[bytes] = []
        self.unfinished = True
        connection.add_notice_handler(self._keep_notice)

    def outcome(self) -> Outcome:
        completed = self._send()
        self.result.plan, self.result.assertions = self.reading.plan, self.reading.assertions
        if completed:
            self._check_lines()
            self._check_isolation()
            self._check_plan()
        return self.result

    def _send(self) -> bool:
        """Send each part as one message, as psql -c would; return whether the last statement was reached."""
        try:
            for part in self.source.parts:
                for result in results(self.connection.pgconn, part.text):
                    if result.status == pq.ExecStatus.FATAL_ERROR:
                        self._problem_from(result)
                        return False
                    self._take(result)
        except psycopg.OperationalError as error:
            self._problem(f"the connection was lost: {_first_line(error)}", self._line())
            return False
        except BaseException:  # after a timeout or Ctrl-C the server must not keep locks
            self.connection.cancel_safe(timeout=5)
            raise
        return True

    def _take(self, result: pq.abc.PGresult) -> None:
        statement = self._statement()
        assertions = self.reading.feed(_values(result)) if result.status == pq.ExecStatus.TUPLES_OK else []
        if self._part().path == self.source.path:
            for assertion in assertions:
                assertion.line = _line_of(statement, assertion, alone=len(assertions) == 1)
        if assertions:
            self.unfinished = True
        if statement and _FINISH.search(statement.code):
            self.unfinished = False
        self.done.append(result.command_status or b"")

    def _statement(self) -> Statement | None:
        statements, done = self.source.statements, len(self.done)
        return statements[done] if done < len(statements) else None

    def _part(self) -> script.Part:
        return self.source.part_of(len(self.done))

    def _line(self) -> int | None:
        statement = self._statement()
        return statement.line if statement else None

    def _keep_notice(self, notice: psycopg.errors.Diagnostic) -> None:
        self.result.notices.append(f"{notice.severity}: {notice.message_primary}")

    def _problem(self, text: str, line: int | None = None, notes: tuple[str, ...] = ()) -> None:
        self.result.problems.append(Problem(text, line, notes, self._part().path))

    def _problem_from(self, result: pq.abc.PGresult) -> None:
        def text_of(code: pq.DiagnosticField) -> str:
            return (result.error_field(code) or b"").decode(errors="replace")

        fields = pq.DiagnosticField
        primary = text_of(fields.MESSAGE_PRIMARY) or result.error_message.decode(errors="replace").strip()
        position = text_of(fields.STATEMENT_POSITION)
        labels = {"detail": fields.MESSAGE_DETAIL, "hint": fields.MESSAGE_HINT, "context": fields.CONTEXT}
        notes = [f"{label}: {text_of(code)}" for label, code in labels.items() if text_of(code)]
        if primary.startswith(_NO_PGTAP):
            notes.append("hint: pgTAP is not in this database; pgtap-runner --install puts it there.")
        state = text_of(fields.SQLSTATE)
        line = self._part().line_at(int(position)) if position else self._line()
        split_notes = tuple(part for note in notes for part in note.splitlines())
        self._problem(f"SQL error {state}: {primary}" if state else primary, line, split_notes)

    def _check_lines(self) -> None:
        """Omit the lines of assertions when the server counted other statements, since they would be wrong."""
        if len(self.done) != len(self.source.statements):
            for assertion in self.result.assertions:
                assertion.line = None

    def _check_isolation(self) -> None:
        """Check the isolation by the results of the server, in case it splits statements differently."""
        idle = self.connection.info.transaction_status == pq.TransactionStatus.IDLE
        if not idle or self.done[-1:] != [b"ROLLBACK"] or _ENDS_TRANSACTION & set(self.done[1:-1]):
            self._problem("not isolated: the server saw more than one begin; … rollback;")

    def _check_plan(self) -> None:
        plan, ran = self.result.plan, len(self.result.assertions)
        if not ran:
            self._problem("no assertion ran; a test without one proves nothing.")
        elif self.unfinished:
            self._problem(
                "select * from finish(); is missing after the last assertion.",
                self.source.statements[-1].line,
            )
        elif plan is None:
            self._problem("no plan; start with select plan(n); or select no_plan();")
        if plan is not None and plan != ran:
            self._problem(f"planned {plan} {_assertions(plan)} but ran {ran}.", self._plan_line())

    def _plan_line(self) -> int | None:
        own = (part for part in self.source.parts if part.path == self.source.path)
        return next((s.line for part in own for s in part.statements if "plan (" in s.code), None)


def _assertions(number: int) -> str:
    return "assertion" if number == 1 else "assertions"


def _line_of(statement: Statement | None, assertion: tap.Assertion, *, alone: bool) -> int | None:
    """Return the line of the statement; for several assertions in it, the line with the name of this one."""
    if statement is None:
        return None
    literal = assertion.name.replace("'", "''")
    if alone or not literal or statement.text.count(literal) != 1:
        return statement.line
    return statement.line + statement.text.count("\n", 0, statement.text.index(literal))


def _values(result: pq.abc.PGresult) -> Iterator[str]:
    for row in range(result.ntuples):
        for column in range(result.nfields):
            yield (result.get_value(row, column) or b"").decode(errors="replace")
