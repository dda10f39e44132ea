"""Compiles a tree to a statement.

The text of a statement contains names of the catalog and labels of the request, both quoted, and operators of the
tables below. Values of the request are parameters, without exception.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from stanchion.serve.problems import Problem
from stanchion.serve.read.catalog import Catalog, Relation
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
)

_SIGNS = {
    "eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "like": "like", "ilike": "ilike",
    "match": "~", "imatch": "~*", "isdistinct": "is distinct from", "cs": "@>", "cd": "<@", "ov": "&&", "sl": "<<",
    "sr": ">>", "nxr": "&<", "nxl": "&>", "adj": "-|-",
}  # fmt: skip
_QUERIES = {
    "fts": "to_tsquery", "plfts": "plainto_tsquery", "phfts": "phraseto_tsquery", "wfts": "websearch_to_tsquery",
}  # fmt: skip
_CASTS = {
    "text", "varchar", "integer", "int", "int2", "int4", "int8", "smallint", "bigint", "numeric", "real", "float4",
    "float8", "double precision", "boolean", "bool", "date", "time", "timetz", "timestamp", "timestamptz", "interval",
    "uuid", "json", "jsonb",
}  # fmt: skip
_LANGUAGE = re.compile(r"[a-z_]{1,63}")
_MOST_EMBEDS = 20


@dataclass(frozen=True)
class Source:
    """What the outermost FROM contains: a relation, or the call of a function."""

    relation: Relation
    text: str
    values: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, relation: Relation) -> Source:
        return cls(relation, f"{quoted(relation.schema)}.{quoted(relation.name)}")


@dataclass(frozen=True)
class Plan:
    """A statement that returns the rows, one that counts all of them, and their parameters."""

    rows: str
    count: str
    values: dict[str, Any]
    labels: tuple[str, ...]
    relations: frozenset[str]  # which the answer depends on
    limit: int
    offset: int

    def json(self) -> str:
        """Return a statement whose only row is the answer in JSON, and the number of its rows."""
        return f"select coalesce(json_agg(_row), '[]'), count(*) from ({self.rows}) as _row"

    def single(self) -> str:
        return f"select json_agg(_row) -> 0, count(*) from ({self.rows}) as _row"


def quoted(name: str) -> str:
    """Return a name as an identifier. A percent sign would begin a parameter."""
    if len(name.encode()) > 63 or "\0" in name:
        raise Problem(400, f"the name '{name[:40]}' has more than 63 bytes", code="PGRST100")
    return '"' + name.replace('"', '""').replace("%", "%%") + '"'


def compile_read(
    catalog: Catalog,
    source: Source,
    request: Request,
    *,
    max_rows: int,
    require: Callable[[Relation], None] = lambda _: None,
) -> Plan:
    """Return the plan of a request. `require` raises a problem for a relation that the sender may not read."""
    return _Compiler(catalog, request, max_rows, require).compile(source)


class _Compiler:
    def __init__(self, catalog: Catalog, request: Request, max_rows: int, require: Callable[[Relation], None]) -> None:
        self._catalog, self._request, self._max_rows, self._require = catalog, request, max_rows, require
        self._values: dict[str, Any] = {}
        self._relations: set[str] = set()
        self._aliases = 0
        self._places: set[Place] = {()}

    def compile(self, source: Source) -> Plan:
        self._values.update(source.values)
        self._use(source.relation)
        alias = self._alias()
        items = self._request.items
        columns = self._columns(source.relation, alias, items, ())
        where = self._where(source.relation, alias, items, ())
        order = self._order(source.relation, alias, items, ())
        self._check_places()
        limit = min(self._request.limits.get((), self._max_rows), self._max_rows)
        offset = self._request.offsets.get((), 0)
        tail = f"from {source.text} as {alias}{where}"
        listed = ", ".join(f"{text} as {quoted(label)}" for label, text in columns)
        rows = f"select {listed} {tail}{order} limit {self._value(limit)} offset {self._value(offset)}"
        return Plan(
            rows,
            f"select count(*) {tail}",
            self._values,
            tuple(label for label, _ in columns),
            frozenset(self._relations),
            limit,
            offset,
        )

    def _use(self, relation: Relation) -> None:
        self._require(relation)
        self._relations.add(relation.full_name)

    def _alias(self) -> str:
        self._aliases += 1
        if self._aliases > _MOST_EMBEDS:
            raise Problem(400, f"the request embeds relations more than {_MOST_EMBEDS - 1} times", code="PGRST100")
        return f"t{self._aliases}"

    def _value(self, value: Any) -> str:
        name = f"p{len(self._values)}"
        self._values[name] = value
        return f"%({name})s"

    # columns

    def _columns(self, relation: Relation, alias: str, items: Sequence[Item], place: Place) -> list[tuple[str, str]]:
        """Return label and expression of each column of the answer."""
        found: list[tuple[str, str]] = []
        for item in items:
            match item:
                case Star():
                    found += [(name, f"{alias}.{quoted(name)}") for name in relation.columns]
                case Column():
                    found.append(self._column(relation, alias, item))
                case Embed(spread=True):
                    found += self._spread(relation, alias, item, place)
                case Embed():
                    found.append((item.label, self._embedded(relation, alias, item, place)))
        return found

    def _column(self, relation: Relation, alias: str, item: Column) -> tuple[str, str]:
        text = self._expression(relation, alias, item.field)
        if item.cast is not None:
            if item.cast not in _CASTS:
                raise Problem(400, f"a column cannot be cast to {item.cast[:40]}", code="PGRST100")
            text = f"({text})::{item.cast}"
        last = next((key for _, key in reversed(item.field.steps) if isinstance(key, str)), item.field.name)
        return item.alias or last, text

    def _expression(self, relation: Relation, alias: str, found: Field) -> str:
        column = relation.columns.get(found.name)
        if column is None:
            raise Problem(400, f"column {relation.full_name}.{found.name[:63]} does not exist", code="42703")
        text = f"{alias}.{quoted(found.name)}"
        if not found.steps:
            return text
        if column.type not in ("json", "jsonb"):
            text = f"to_jsonb({text})"
        for arrow, key in found.steps:
            kind = "text" if isinstance(key, str) else "integer"
            text += f" {arrow} {self._value(key)}::{kind}"
        return f"({text})" if column.type != "json" or found.steps[-1][0] == "->>" else f"({text})::jsonb"

    # embedded relations

    def _target(self, relation: Relation, item: Embed) -> tuple[Relation, str, str, bool]:
        """Return the embedded relation, its alias, the condition of its join, and whether it is one row."""
        found = self._catalog.keys_between(relation, item.name)
        if item.hint is not None:
            found = [
                (key, single)
                for key, single in found
                if item.hint in (key.name, *key.columns[-1:], key.target.partition(".")[2])
            ]
        if not found:
            raise Problem(400, f"no foreign key connects {relation.full_name} and {item.name[:63]}", code="PGRST200")
        if len(found) > 1:
            names = ", ".join(f"{item.name}!{key.name}" for key, _ in found)
            raise Problem(
                300, f"several foreign keys connect {relation.full_name} and {item.name}; choose one of {names}",
                code="PGRST201",
            )  # fmt: skip
        key, single = found[0]
        forward = key.source == relation.full_name and (single or key.target != relation.full_name)
        target = self._catalog.relations[key.target if forward else key.source]
        self._use(target)
        alias = self._alias()
        pairs = zip(key.keys, key.columns, strict=True) if forward else zip(key.columns, key.keys, strict=True)
        join = " and ".join(f"{alias}.{quoted(inner)} = {{outer}}.{quoted(outer)}" for inner, outer in pairs)
        return target, alias, join, single

    def _embedded(self, relation: Relation, alias: str, item: Embed, place: Place) -> str:
        target, own, join, single = self._target(relation, item)
        inside = (*place, item.label)
        self._places.add(inside)
        columns = self._columns(target, own, item.items, inside)
        if not columns:
            columns = [(name, f"{own}.{quoted(name)}") for name in target.columns]
        listed = ", ".join(f"{text} as {quoted(label)}" for label, text in columns)
        where = self._where(target, own, item.items, inside, join.replace("{outer}", alias))
        order = self._order(target, own, item.items, inside)
        limit = 1 if single else min(self._request.limits.get(inside, self._max_rows), self._max_rows)
        rows = (
            f"select {listed} from {quoted(target.schema)}.{quoted(target.name)} as {own}{where}{order} "
            f"limit {self._value(limit)} offset {self._value(self._request.offsets.get(inside, 0))}"
        )
        if single:
            return f"(select row_to_json(e) from ({rows}) as e)"
        return f"coalesce((select json_agg(e) from ({rows}) as e), '[]')"

    def _spread(self, relation: Relation, alias: str, item: Embed, place: Place) -> list[tuple[str, str]]:
        target, own, join, single = self._target(relation, item)
        if not single:
            raise Problem(400, f"{item.name} has many rows for one, so its columns cannot be spread", code="PGRST119")
        inside = (*place, item.label)
        self._places.add(inside)
        where = self._where(target, own, item.items, inside, join.replace("{outer}", alias))
        tail = f"from {quoted(target.schema)}.{quoted(target.name)} as {own}{where} limit 1"
        return [(label, f"(select {text} {tail})") for label, text in self._columns(target, own, item.items, inside)]

    def _exists(self, relation: Relation, alias: str, item: Embed, place: Place) -> str:
        target, own, join, _ = self._target(relation, item)
        inside = (*place, item.label)
        where = self._where(target, own, item.items, inside, join.replace("{outer}", alias))
        return f"exists (select from {quoted(target.schema)}.{quoted(target.name)} as {own}{where})"

    # conditions

    def _where(
        self, relation: Relation, alias: str, items: Sequence[Item], place: Place, join: str | None = None
    ) -> str:
        parts = [join] if join is not None else []
        parts += [
            self._condition(relation, alias, items, place, each) for each in self._request.conditions.get(place, ())
        ]
        parts += [
            self._exists(relation, alias, item, place) for item in items if isinstance(item, Embed) and item.inner
        ]
        return f" where {' and '.join(parts)}" if parts else ""

    def _condition(
        self, relation: Relation, alias: str, items: Sequence[Item], place: Place, condition: Condition
    ) -> str:
        if isinstance(condition, Logic):
            members = [self._condition(relation, alias, items, place, each) for each in condition.members]
            text = f"({f' {condition.kind} '.join(members)})"
            return f"(not {text})" if condition.negated else text
        text = self._filter(relation, alias, items, place, condition)
        return f"(not {text})" if condition.negated else text

    def _filter(self, relation: Relation, alias: str, items: Sequence[Item], place: Place, condition: Filter) -> str:
        if condition.operator == "is" and condition.field.name not in relation.columns:
            for item in items:
                if isinstance(item, Embed) and item.label == condition.field.name:
                    text = self._exists(relation, alias, item, place)
                    return f"(not {text})" if condition.value == "null" else text
        expression = self._expression(relation, alias, condition.field)
        if condition.operator == "is":
            return f"({expression} is {IS[str(condition.value)]})"
        if condition.operator == "in":
            if not condition.value:
                return "false"
            return f"({expression} = any({self._value(_array(condition.value))}))"
        if condition.operator in _QUERIES:
            return self._search(relation, expression, condition)
        value = str(condition.value)
        if condition.operator in ("like", "ilike"):
            value = value.replace("*", "%")
        parameter = self._value(value)
        if condition.quantifier is not None:
            parameter = f"{condition.quantifier}({parameter})"
        return f"({expression} {_SIGNS[condition.operator]} {parameter})"

    def _search(self, relation: Relation, expression: str, condition: Filter) -> str:
        language = ""
        if condition.language is not None:
            if not _LANGUAGE.fullmatch(condition.language):
                raise Problem(400, f"unknown language {condition.language[:40]}", code="PGRST100")
            language = f"{self._value(condition.language)}::regconfig, "
        if relation.columns[condition.field.name].type != "tsvector":
            expression = f"to_tsvector({language}{expression})"
        function = _QUERIES[condition.operator]
        return f"({expression} @@ {function}({language}{self._value(str(condition.value))}))"

    def _order(self, relation: Relation, alias: str, items: Sequence[Item], place: Place) -> str:
        parts = []
        for each in self._request.orders.get(place, ()):
            text = self._order_expression(relation, alias, items, each)
            text += " desc" if each.descending else ""
            if each.nulls_first is not None:
                text += " nulls first" if each.nulls_first else " nulls last"
            parts.append(text)
        return f" order by {', '.join(parts)}" if parts else ""

    def _order_expression(self, relation: Relation, alias: str, items: Sequence[Item], order: Order) -> str:
        if order.embed is None:
            return self._expression(relation, alias, order.field)
        item = next((i for i in items if isinstance(i, Embed) and order.embed in (i.label, i.name)), None)
        if item is None:
            raise Problem(400, f"{order.embed[:63]} is not embedded, so it cannot order the rows", code="PGRST108")
        target, own, join, single = self._target(relation, item)
        if not single:
            raise Problem(400, f"{item.name} has many rows for one, so it cannot order them", code="PGRST118")
        text = self._expression(target, own, order.field)
        where = join.replace("{outer}", alias)
        return f"(select {text} from {quoted(target.schema)}.{quoted(target.name)} as {own} where {where} limit 1)"

    def _check_places(self) -> None:
        request = self._request
        for found in (request.conditions, request.orders, request.limits, request.offsets):
            for place in found:
                if place not in self._places:
                    name = ".".join(place)[:63]
                    raise Problem(400, f"{name} is not embedded, so it can have no conditions", code="PGRST108")


def _array(values: Sequence[str]) -> str:
    """Return the text of an array, whose type Postgres takes from the other side of the comparison."""
    return "{" + ",".join('"' + re.sub(r'(["\\])', r"\\\1", value) + '"' for value in values) + "}"
