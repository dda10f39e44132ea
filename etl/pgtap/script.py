"""What a *.test.sql file says before any server sees it: its statements, their lines, its isolation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from etl.errors import StanchionError

_TOKEN = re.compile(
    r"""
      (?P<blank> \s+ | --[^\n]* )
    | (?P<comment> /\* )
    | (?P<dollar> \$ (?: [^\W\d]\w* )? \$ )
    | (?P<string> [eE] '[^'\\]*(?:(?:''|\\.)[^'\\]*)*' | '[^']*(?:''[^']*)*' | "[^"]*(?:""[^"]*)*" )
    | (?P<word> [^\W\d][\w$]* )
    | (?P<other> . )
    """,
    re.X | re.S,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_ROUTINE = re.compile(r"create (or replace )?(function|procedure)\b")
_RULE = re.compile(r"create (or replace )?rule\b")
_BEGIN = re.compile(r"begin\b")
_ROLLBACK = re.compile(r"rollback( work| transaction)?")
_TRANSACTION = re.compile(
    r"(begin|start transaction|commit|end|abort|prepare transaction|rollback(?!( work| transaction)? to))\b"
)
_FINISH = re.compile(r"\bfinish \(")


class RefusedFileError(StanchionError):
    """A file that may not be run."""

    def __init__(self, path: Path, text: str, line: int | None = None) -> None:
        super().__init__(f"{path}:{line}: {text}" if line else f"{path}: {text}")
        self.text = text
        self.line = line


@dataclass(frozen=True)
class Statement:
    """One SQL statement: where its first word is, and its words without comments and literals."""

    text: str
    line: int
    code: str

    @property
    def finishes(self) -> bool:
        return bool(_FINISH.search(self.code))


@dataclass(frozen=True)
class Script:
    """A test file that is text and keeps to one transaction that is rolled back."""

    path: Path
    text: str
    statements: tuple[Statement, ...]

    def line_at(self, position: int) -> int:
        """The line of a character position as the server counts it, from 1."""
        return self.text.count("\n", 0, position - 1) + 1


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
        if _TRANSACTION.match(statement.code):
            raise RefusedFileError(
                path,
                f"not isolated: {statement.code.split()[0]} in the middle of the file; it may have only"
                " begin; at the top and rollback; at the end (savepoints are fine).",
                statement.line,
            )
    if not _ROLLBACK.fullmatch(statements[-1].code):
        raise RefusedFileError(path, "not isolated: end the file with rollback;", statements[-1].line)


def split(text: str) -> Iterator[Statement]:
    """The non-empty statements, cut where the server cuts them: the nth result is the nth statement's."""
    words: list[str] = []
    start = end = depth = 0
    for kind, at, word in _tokens(text):
        if kind in ("blank", "comment"):
            continue
        if word == ";" and depth == 0:
            if words:
                yield _statement(text, start, at, words)
            words = []
            continue
        start = start if words else at
        words.append("''" if kind in ("string", "dollar") else word.lower())
        depth = max(0, depth + _nesting(words)) if word != ";" else depth
        end = at + len(word)
    if words:
        yield _statement(text, start, end, words)


def _statement(text: str, start: int, end: int, words: list[str]) -> Statement:
    return Statement(text[start:end], text.count("\n", 0, start) + 1, " ".join(words))


def _nesting(words: list[str]) -> int:
    """Whether the last word opens (1) or closes (-1) a part in which a semicolon ends no statement."""
    last, head = words[-1], " ".join(words[:4])
    if _ROUTINE.match(head):
        opens = last == "case" or (last == "atomic" and words[-2] == "begin")
        return 1 if opens else -1 if last == "end" else 0
    if _RULE.match(head):
        return 1 if last == "(" else -1 if last == ")" else 0
    return 0


def _tokens(text: str) -> Iterator[tuple[str, int, str]]:
    at = 0
    while match := _TOKEN.match(text, at):
        kind, end = match.lastgroup or "other", match.end()
        if kind == "comment":
            end = _comment_end(text, at)
        elif kind == "dollar":
            closing = text.find(match[0], end)
            # An unclosed quote is the server's to report; it does so before it runs anything.
            end = closing + len(match[0]) if closing >= 0 else end
        yield kind, at, text[at:end]
        at = end


def _comment_end(text: str, start: int) -> int:
    """Where a block comment ends; in SQL they nest."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return start + 2
