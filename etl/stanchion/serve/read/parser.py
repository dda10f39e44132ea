"""Parses a query string into a tree. Nothing here knows a relation or the database."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NoReturn, cast

from stanchion.serve.problems import Problem
from stanchion.serve.read.tree import (
    IS,
    Column,
    Condition,
    Embed,
    Field,
    Filter,
    Item,
    Logic,
    Order,
    Place,
    Request,
    Star,
    Step,
)

COMPARED = ("eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch")  # may have any or all
SEARCHED = ("fts", "plfts", "phfts", "wfts")  # may have a language
OPERATORS = (*COMPARED, *SEARCHED, "in", "is", "isdistinct", "cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj")
RESERVED = ("select", "order", "limit", "offset", "and", "or")  # parameters that are no column
DEEPEST = 10  # parentheses
MOST = 200  # columns, embedded relations and conditions of a request
MOST_VALUES = 1000  # of an in
LARGEST = 2**31 - 1

_PARTS = re.compile(r'"(?:[^"\\]|\\.)+"|[^."]+')
_NAME = re.compile(r'"((?:[^"\\]|\\.)+)"|([\w$]+(?:[ -](?!>)[\w$]+)*)')
_STEP = re.compile(r"(->>|->)(?:\"((?:[^\"\\]|\\.)+)\"|(-?[\w$ ]+))")
_INDEX = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_CAST = re.compile(r"::([a-z0-9_ ]+)")
_OPERATION = re.compile(r"(not\.)?([a-z]+)(?:\(([a-z_]+)\))?\.", re.ASCII)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def parse(pairs: Iterable[tuple[str, str]]) -> Request:
    """Return the tree of the pairs of a query string, or raise a problem that contains the part that is wrong."""
    request, seen = Request(), set[str]()
    conditions: dict[Place, list[Condition]] = {}
    items: tuple[Item, ...] = (Star(),)
    for count, (name, text) in enumerate(pairs):
        if count >= MOST:
            _refuse(f"the request has more than {MOST} parameters")
        if "\0" in name or "\0" in text:
            _refuse("the request contains a zero byte")
        *place, last = _split(name)
        where = tuple(place)
        if last in ("select", "order", "limit", "offset"):
            if name in seen:
                _refuse(f"the parameter {name} occurs twice")
            seen.add(name)
        if name == "select":
            items = _Parser(text, name).select()
        elif last == "order":
            request.orders[where] = _Parser(text, name).order()
        elif last == "limit":
            request.limits[where] = _number(name, text)
        elif last == "offset":
            request.offsets[where] = _number(name, text)
        elif last in ("and", "or"):
            negated = where[-1:] == ("not",)
            where = where[:-1] if negated else where
            conditions.setdefault(where, []).append(
                _Parser(text, name).logic(cast(Literal["and", "or"], last), negated)
            )
        else:
            conditions.setdefault(where, []).append(_condition(last, text, name))
    return Request(
        items,
        {place: tuple(found) for place, found in conditions.items()},
        request.orders,
        request.limits,
        request.offsets,
    )


def _split(name: str) -> list[str]:
    """Split the name of a parameter at its dots, but not within a path into JSON or within quotes."""
    head, arrow, path = name.partition("->")
    parts = [_ESCAPE.sub(r"\1", part[1:-1]) if part.startswith('"') else part for part in _PARTS.findall(head)]
    if not parts:
        _refuse(f"'{_short(name)}' is not the name of a parameter")
    parts[-1] += arrow + path
    return parts


def _condition(name: str, text: str, parameter: str) -> Filter:
    found = Field(name)
    if "->" in name:
        parser = _Parser(name, parameter)
        found = parser.field()
        parser.end()
    return _Parser(text, parameter).operation(found, alone=True)


def _number(name: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) > LARGEST:
        _refuse(f"{name} must be a whole number from 0 to {LARGEST}, not '{_short(text)}'")
    return int(text)


class _Parser:
    """A position in the text of one parameter."""

    def __init__(self, text: str, parameter: str) -> None:
        self._text, self._at, self._parameter = text, 0, parameter
        self._depth, self._count = 0, 0

    def select(self) -> tuple[Item, ...]:
        if self._text == "":
            return (Star(),)
        items = self._items()
        self.end()
        return items

    def _items(self) -> tuple[Item, ...]:
        items = [self._item()]
        while self._take(","):
            items.append(self._item())
        return tuple(items)

    def _item(self) -> Item:
        self._limit()
        if self._take("*"):
            return Star()
        spread = self._take("...")
        alias, name = None, self._name()
        if self._peek() == ":" and not self._text.startswith("::", self._at):
            self._at += 1
            alias, name = name, self._name()
        hints = []
        while self._take("!"):
            hints.append(self._name())
        if hints or self._peek() == "(":
            return self._embed(name, alias, hints, spread)
        if spread:
            self._fail("a relation with its columns, such as ...team(name)")
        found = Field(name, self._steps())
        cast_to = self._match(_CAST)
        return Column(found, alias, cast_to[1].strip() if cast_to else None)

    def _embed(self, name: str, alias: str | None, hints: list[str], spread: bool) -> Embed:
        self._open()
        items: tuple[Item, ...] = () if self._peek() == ")" else self._items()
        self._close()
        named = [hint for hint in hints if hint not in ("inner", "left")]
        if len(named) > 1:
            self._fail("at most one name of a foreign key after !")
        return Embed(name, items, alias, named[0] if named else None, "inner" in hints, spread)

    def order(self) -> tuple[Order, ...]:
        orders = [self._one_order()]
        while self._take(","):
            orders.append(self._one_order())
        self.end()
        return tuple(orders)

    def _one_order(self) -> Order:
        self._limit()
        found, embed = self.field(), None
        if not found.steps and self._peek() == "(":
            self._open()
            embed, found = found.name, self.field()
            self._close()
        descending, nulls = False, None
        if self._take(".desc"):
            descending = True
        else:
            self._take(".asc")
        if self._take(".nullsfirst"):
            nulls = True
        elif self._take(".nullslast"):
            nulls = False
        return Order(found, embed, descending, nulls)

    def logic(self, kind: Literal["and", "or"], negated: bool) -> Logic:
        found = self._members(kind, negated)
        self.end()
        return found

    def _members(self, kind: Literal["and", "or"], negated: bool) -> Logic:
        self._open()
        members = [self._member()]
        while self._take(","):
            members.append(self._member())
        self._close()
        return Logic(kind, tuple(members), negated)

    def _member(self) -> Condition:
        self._limit()
        if found := self._match(re.compile(r"(not\.)?(and|or)(?=\()")):
            return self._members(cast(Literal["and", "or"], found[2]), bool(found[1]))
        field = self.field()
        if not self._take("."):
            self._fail("a dot and an operator")
        return self.operation(field, alone=False)

    def operation(self, field: Field, *, alone: bool) -> Filter:
        """Parse an operator and its value. A value that is alone extends to the end of the text."""
        found = self._match(_OPERATION)
        if found is None or found[2] not in OPERATORS:
            self._fail("an operator and a value, such as eq.1")
        negated, operator, extra = bool(found[1]), found[2], found[3]
        quantifier = extra if extra in ("any", "all") and operator in COMPARED else None
        language = extra if operator in SEARCHED else None
        if extra and not (quantifier or language):
            self._fail(f"no ({extra}) after {operator}")
        value: str | tuple[str, ...]
        if operator == "in":
            value = self._list()
            if alone:
                self.end()
        else:
            value = self._rest() if alone else self._value()
        if operator == "is":
            value = str(value).lower()
            if value not in IS:
                self._fail(f"one of {', '.join(IS)} after is")
        return Filter(field, operator, value, negated, cast(Literal["any", "all"] | None, quantifier), language)

    def _list(self) -> tuple[str, ...]:
        self._open()
        values: list[str] = []
        if self._peek() != ")":
            values.append(self._value())
            while self._take(","):
                if len(values) >= MOST_VALUES:
                    _refuse(f"the parameter {self._parameter} has more than {MOST_VALUES} values")
                values.append(self._value())
        self._close()
        return tuple(values)

    def _value(self) -> str:
        """Return a value that ends at a comma or parenthesis, unless these are within quotes or braces."""
        if self._peek() == '"' and (quoted := self._match(_QUOTED)):
            return _ESCAPE.sub(r"\1", quoted[1])
        start, depth, quoted_now = self._at, 0, False
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == "\\" and quoted_now:
                self._at += 1
            elif char == '"' and depth:
                quoted_now = not quoted_now
            elif not quoted_now:
                if char in "{[":
                    depth += 1
                elif char in "}]" and depth:
                    depth -= 1
                elif char in ",)" and not depth:
                    break
            self._at += 1
        return self._text[start : self._at]

    def _rest(self) -> str:
        found, self._at = self._text[self._at :], len(self._text)
        return found

    def field(self) -> Field:
        return Field(self._name(), self._steps())

    def _steps(self) -> tuple[Step, ...]:
        """Parse a path into JSON. Digits are an index, and the key of an object when they are quoted."""
        steps: list[Step] = []
        while found := self._match(_STEP):
            self._limit()
            key: str | int = _ESCAPE.sub(r"\1", found[2]) if found[2] is not None else found[3]
            if found[3] is not None and _INDEX.fullmatch(found[3]):
                key = int(found[3])
            steps.append((cast(Literal["->", "->>"], found[1]), key))
        return tuple(steps)

    def _name(self) -> str:
        found = self._match(_NAME)
        if found is None:
            self._fail("a name")
        return _ESCAPE.sub(r"\1", found[1]) if found[1] is not None else found[2]

    def end(self) -> None:
        if self._at < len(self._text):
            self._fail("nothing")

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, text: str) -> bool:
        is_there = self._text.startswith(text, self._at)
        self._at += len(text) if is_there else 0
        return is_there

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._at)
        if found:
            self._at = found.end()
        return found

    def _open(self) -> None:
        if not self._take("("):
            self._fail("(")
        self._depth += 1
        if self._depth > DEEPEST:
            _refuse(f"the parameter {self._parameter} has more than {DEEPEST} levels of parentheses")

    def _close(self) -> None:
        if not self._take(")"):
            self._fail(")")
        self._depth -= 1

    def _limit(self) -> None:
        self._count += 1
        if self._count > MOST:
            _refuse(f"the parameter {self._parameter} has more than {MOST} parts")

    def _fail(self, expected: str) -> NoReturn:
        rest = self._text[self._at :]
        found = f"'{_short(rest)}'" if rest else "its end"
        _refuse(f"the parameter {_short(self._parameter)} needs {expected} at position {self._at + 1}, not {found}")


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."


def _refuse(detail: str) -> NoReturn:
    raise Problem(400, detail, code="PGRST100")
