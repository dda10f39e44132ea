"""Split SQL text into statements as the server does, to check files and to find the lines of errors.

The server splits every script again by itself: nothing runs by the result of this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

_WORD = r"[a-zA-Z_\u0080-\U0010ffff][a-zA-Z0-9_\u0080-\U0010ffff{}]*"  # every byte beyond ASCII is a letter there
_ESCAPED = r"'(?:[^'\\]|''|\\.)*+'"
_CONTINUED = r"(?:[ \t\r\f\v]|--[^\n]*+)*+\n(?:[ \t\r\n\f\v]|--[^\n]*+\n)*+"  # 'a' and, a line later, 'b' are 'ab'
_TOKEN = re.compile(
    rf"""
      (?P<blank> [ \t\r\n\f\v]+ | --[^\n]* )
    | (?P<comment> /\* )
    | (?P<dollar> \$ (?: {_WORD.format("")} )? \$ )
    | (?P<string> [eE] {_ESCAPED} (?: {_CONTINUED} {_ESCAPED} )* | '[^']*(?:''[^']*)*' | "[^"]*(?:""[^"]*)*" )
    | (?P<word> {_WORD.format("$")} )
    | (?P<other> . )
    """,
    re.X | re.S,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_HEAD = 4  # words that decide the form of a statement
_ROUTINE = re.compile(r"create (or replace )?(function|procedure)\b")
_RULE = re.compile(r"create (or replace )?rule\b")
_TRANSACTION = re.compile(
    r"(begin|start transaction|commit|end|abort|prepare transaction|rollback(?!( work| transaction)? to))\b"
)


_Form = Literal["routine", "rule", ""]


@dataclass(frozen=True)
class Statement:
    """One SQL statement: its text, its line, and its words without comments and literals."""

    text: str
    line: int
    code: str

    @property
    def controls_transaction(self) -> bool:
        """Return whether the statement begins or ends a transaction; savepoints do neither."""
        return bool(_TRANSACTION.match(self.code))


def line_at(text: str, offset: int) -> int:
    """Return the line of a character: lines count from 1, characters from 0."""
    return text.count("\n", 0, offset) + 1


def split(text: str) -> Iterator[Statement]:
    """Yield the non-empty statements in the order of the results of the server."""
    words: list[str] = []
    start = end = depth = 0
    form: _Form = ""
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
        if len(words) <= _HEAD:
            form = _form(" ".join(words))
        depth = max(0, depth + _nesting(form, words)) if form and word != ";" else depth
        end = at + len(word)
    if words:
        yield _statement(text, start, end, words)


def _statement(text: str, start: int, end: int, words: list[str]) -> Statement:
    return Statement(text[start:end], line_at(text, start), " ".join(words))


def _form(head: str) -> _Form:
    """Return the form of a statement in which a semicolon may not be its end, from its first words."""
    return "routine" if _ROUTINE.match(head) else "rule" if _RULE.match(head) else ""


def _nesting(form: _Form, words: list[str]) -> int:
    """Return 1 or -1 when the last word opens or closes a part in which a semicolon does not end the statement."""
    last = words[-1]
    if form == "routine":
        opens = last == "case" or (last == "atomic" and words[-2] == "begin")
        return 1 if opens else -1 if last == "end" else 0
    return 1 if last == "(" else -1 if last == ")" else 0


def _tokens(text: str) -> Iterator[tuple[str, int, str]]:
    at = 0
    while match := _TOKEN.match(text, at):
        kind, end = match.lastgroup or "other", match.end()
        if kind == "comment":
            end = _comment_end(text, at)
        elif kind == "dollar":
            closing = text.find(match[0], end)
            # The server reports an unclosed quote before it runs anything.
            end = closing + len(match[0]) if closing >= 0 else end
        yield kind, at, text[at:end]
        at = end


def _comment_end(text: str, start: int) -> int:
    """Return the end of a block comment; in SQL they nest."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return start + 2
