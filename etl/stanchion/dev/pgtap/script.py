"""What a *.test.sql file says before any server sees it: its statements, their lines, its isolation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from stanchion.deploy.statements import Statement, line_at, split
from stanchion.errors import StanchionError

_BEGIN = re.compile(r"begin\b")
_ROLLBACK = re.compile(r"rollback( work| transaction)?")


class RefusedFileError(StanchionError):
    """A file that may not be run."""

    def __init__(self, path: Path, text: str, line: int | None = None) -> None:
        super().__init__(f"{path}:{line}: {text}" if line else f"{path}: {text}")
        self.text = text
        self.line = line


@dataclass(frozen=True)
class Script:
    """A test file that is text and keeps to one transaction that is rolled back."""

    path: Path
    text: str
    statements: tuple[Statement, ...]

    def line_at(self, position: int) -> int:
        """The line of a character position as the server counts it, from 1."""
        return line_at(self.text, position - 1)


def read(path: Path) -> Script:
    """Read a test file; refuse one that is not text or not isolated."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes().count(b"\n", 0, error.start) + 1
        raise RefusedFileError(path, "not UTF-8; save the file as UTF-8.", line) from None
    except OSError as error:
        raise RefusedFileError(path, f"{error.strerror}.") from None
    if "\0" in text:
        raise RefusedFileError(path, "holds a NUL character; a pgTAP file is plain text.")
    statements = tuple(split(text))
    _require_isolation(path, statements)
    return Script(path, text, statements)


def _require_isolation(path: Path, statements: tuple[Statement, ...]) -> None:
    """One begin at the top, one rollback at the end, so that a test can leave nothing behind."""
    if not statements or not _BEGIN.match(statements[0].code):
        line = statements[0].line if statements else 1
        raise RefusedFileError(path, "not isolated: begin the file with begin; and end it with rollback;", line)
    for statement in statements[1:-1]:
        if statement.controls_transaction:
            raise RefusedFileError(
                path,
                f"not isolated: {statement.code.split()[0]} in the middle of the file; it may have only"
                " begin; at the top and rollback; at the end (savepoints are fine).",
                statement.line,
            )
    if not _ROLLBACK.fullmatch(statements[-1].code):
        raise RefusedFileError(path, "not isolated: end the file with rollback;", statements[-1].line)
