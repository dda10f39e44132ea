"""Read a *.test.sql file without a server: its statements, their lines and its isolation."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stanchion.deploy.statements import Statement, line_at, split
from stanchion.errors import StanchionError

_BEGIN = re.compile(r"begin\b")
_INCLUDE = re.compile(r"^\\ir[ \t]+(\S+)[ \t]*$", re.M)
_ROLLBACK = re.compile(r"rollback( work| transaction)?")


class RefusedFileError(StanchionError):
    """A file that is refused before it runs."""

    def __init__(self, path: Path, text: str, line: int | None = None) -> None:
        super().__init__(f"{path}:{line}: {text}" if line else f"{path}: {text}")
        self.path = path
        self.text = text
        self.line = line


@dataclass(frozen=True)
class Part:
    """SQL that is sent as one message: a piece of the test file, or a file that it includes with \\ir."""

    path: Path
    text: str
    statements: tuple[Statement, ...]

    def line_at(self, position: int) -> int:
        """Return the line of a character position as the server counts it, from 1."""
        return line_at(self.text, position - 1)


@dataclass(frozen=True)
class Script:
    """A test file that consists of one transaction, which is rolled back."""

    path: Path
    parts: tuple[Part, ...]

    @property
    def statements(self) -> tuple[Statement, ...]:
        """The statements in the order in which the server runs them, those of included files among them."""
        return tuple(statement for part in self.parts for statement in part.statements)

    def part_of(self, number: int) -> Part:
        """Return the part that contains a statement, by the index of the statement."""
        for part in self.parts:
            if number < len(part.statements):
                return part
            number -= len(part.statements)
        return self.parts[-1]


def read(path: Path) -> Script:
    """Read a test file and the files that it includes; refuse one that is not text or not isolated."""
    parts = tuple(part for part in _parts(path, _text(path)) if part.statements)
    _require_isolation(path, parts)
    return Script(path, parts)


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes().count(b"\n", 0, error.start) + 1
        raise RefusedFileError(path, "not UTF-8; save the file as UTF-8.", line) from None
    except OSError as error:
        raise RefusedFileError(path, f"{error.strerror}.") from None
    if "\0" in text:
        raise RefusedFileError(path, "contains a NUL character; a pgTAP file is plain text.")
    return text


def _parts(path: Path, text: str) -> Iterator[Part]:
    """Cut the text at its lines `\\ir FILE`.

    Newlines replace the text that precedes a piece, so that the lines of the piece keep their numbers.
    """
    start = 0
    for include in _INCLUDE.finditer(text):
        yield _part(path, "\n" * text.count("\n", 0, start) + text[start : include.start()])
        included = Path(os.path.normpath(path.parent / include[1]))
        if not included.is_file():
            line = line_at(text, include.start())
            raise RefusedFileError(path, f"\\ir {include[1]}: {included} is not a file.", line)
        yield _part(included, _text(included))
        start = include.end()
    yield _part(path, "\n" * text.count("\n", 0, start) + text[start:])


def _part(path: Path, text: str) -> Part:
    return Part(path, text, tuple(split(text)))


def _require_isolation(path: Path, parts: tuple[Part, ...]) -> None:
    """Require one begin at the top and one rollback at the end, so that a test changes nothing permanently."""
    placed = [(part.path, statement) for part in parts for statement in part.statements]
    if not placed or not _BEGIN.match(placed[0][1].code):
        where, line = (placed[0][0], placed[0][1].line) if placed else (path, 1)
        raise RefusedFileError(where, "not isolated: begin the file with begin; and end it with rollback;", line)
    for where, statement in placed[1:-1]:
        if statement.controls_transaction:
            word = statement.code.split()[0]
            remedy = (
                "in the middle of the file; it may have only begin; at the top and rollback; at the end"
                if where == path
                else "in an included file; only the test file begins and ends the transaction"
            )
            raise RefusedFileError(where, f"not isolated: {word} {remedy} (savepoints are fine).", statement.line)
    where, last = placed[-1]
    if where != path or not _ROLLBACK.fullmatch(last.code):
        raise RefusedFileError(where, "not isolated: end the file with rollback;", last.line)
