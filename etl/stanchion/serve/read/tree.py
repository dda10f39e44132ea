"""The parts of a request that reads a relation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Place = tuple[str, ...]  # names of embedded relations, from the outside; () is the relation itself
Step = tuple[Literal["->", "->>"], str | int]
IS = {"null": "null", "not_null": "not null", "true": "true", "false": "false", "unknown": "unknown"}  # what follows is


@dataclass(frozen=True)
class Field:
    """A column, or a part of a column with JSON: each step is an arrow and a key or an index."""

    name: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Star:
    """Every column."""


@dataclass(frozen=True)
class Column:
    field: Field
    alias: str | None = None
    cast: str | None = None


@dataclass(frozen=True)
class Embed:
    """A relation that a declared foreign key connects. With `spread`, its columns are columns of the outer row."""

    name: str
    items: tuple[Item, ...]
    alias: str | None = None
    hint: str | None = None
    inner: bool = False
    spread: bool = False

    @property
    def label(self) -> str:
        return self.alias or self.name


Item = Star | Column | Embed


@dataclass(frozen=True)
class Filter:
    field: Field
    operator: str
    value: str | tuple[str, ...]
    negated: bool = False
    quantifier: Literal["any", "all"] | None = None
    language: str | None = None


@dataclass(frozen=True)
class Logic:
    kind: Literal["and", "or"]
    members: tuple[Condition, ...]
    negated: bool = False


Condition = Filter | Logic


@dataclass(frozen=True)
class Order:
    field: Field
    embed: str | None = None
    descending: bool = False
    nulls_first: bool | None = None


@dataclass(frozen=True)
class Request:
    """A query string as a tree. The order, the limit and the conditions of embedded relations are at their place."""

    items: tuple[Item, ...] = (Star(),)
    conditions: dict[Place, tuple[Condition, ...]] = field(default_factory=dict)
    orders: dict[Place, tuple[Order, ...]] = field(default_factory=dict)
    limits: dict[Place, int] = field(default_factory=dict)
    offsets: dict[Place, int] = field(default_factory=dict)
