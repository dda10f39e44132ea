"""SQL as text: cut into statements where the server cuts it, for messages and for what a file may not say.

The server still splits what it runs; nothing is executed by what is found here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

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
_ROUTINE = re.compile(r"create (or replace )?(function|procedure)\b")
_RULE = re.compile(r"create (or replace )?rule\b")
_TRANSACTION = re.compile(
    r"(begin|start transaction|commit|end|abort|prepare transaction|rollback(?!( work| transaction)? to))\b"
)


@dataclass(frozen=True)
class Statement:
    """One SQL statement: where its first word is, and its words without comments and literals."""

    text: str
    line: int
    code: str

    @property
    def controls_transaction(self) -> bool:
        """Whether it begins or ends a transaction; savepoints do neither."""
        return bool(_TRANSACTION.match(self.code))


def line_at(text: str, offset: int) -> int:
    """The line of a character, counted from 1, where the first character is 0."""
    return text.count("\n", 0, offset) + 1


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
    return Statement(text[start:end], line_at(text, start), " ".join(words))


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
