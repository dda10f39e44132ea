"""Relations, columns and foreign keys that stanchion_app may read, from the catalog of the database."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from stanchion.paths import query
from stanchion.serve.cache.basis import Basis
from stanchion.serve.call.functions import Function, is_callable
from stanchion.serve.database import Database

T = TypeVar("T")
_SECONDS = 60.0  # between two reads of the catalog
_SOON = 5.0  # after a name that was not found
_TAG = re.compile(r"^@(primaryKey|foreignKey) (.+)$", re.MULTILINE)
_FOREIGN = re.compile(r"\(([^)]+)\) references (?:(\w+)\.)?\"?(\w+)\"? ?\(([^)]+)\)")


@dataclass(frozen=True)
class ColumnInfo:
    name: str
    type: str
    nullable: bool
    comment: str | None


@dataclass(frozen=True)
class ForeignKey:
    """Columns of a relation that name a row of another one."""

    name: str
    source: str
    columns: tuple[str, ...]
    target: str
    keys: tuple[str, ...]
    is_single: bool = False  # at most one row has the same columns


@dataclass(frozen=True)
class Relation:
    schema: str
    name: str
    comment: str
    columns: dict[str, ColumnInfo]
    key: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass
class Catalog:
    """One reading of the catalog."""

    relations: dict[str, Relation]
    foreign_keys: list[ForeignKey]
    functions: dict[str, Function]
    schemas: tuple[str, ...]
    read_at: float = field(default_factory=time.monotonic)
    bases: dict[str, Basis] = field(default_factory=dict)
    plans: dict[Any, Any] = field(default_factory=dict)  # compiled requests, which end with this reading
    openapi: bytes | None = None

    def relation(self, name: str, schema: str | None = None) -> Relation | None:
        """Return a relation of a schema, or the first one in the order of the schemas."""
        return self._first(self.relations, name, schema)

    def function(self, name: str, schema: str | None = None) -> Function | None:
        """Return a function of a schema, or the first one in the order of the schemas."""
        return self._first(self.functions, name, schema)

    def _first(self, named: dict[str, T], name: str, schema: str | None) -> T | None:
        places = (schema,) if schema is not None else self.schemas
        return next((named[full] for each in places if (full := f"{each}.{name}") in named), None)

    def keys_between(self, source: Relation, name: str) -> list[tuple[ForeignKey, bool]]:
        """Return the foreign keys from and to a relation, and whether each leads to one row."""
        found = []
        for key in self.foreign_keys:
            if key.source == source.full_name and name in (key.target.partition(".")[2], key.name, *key.columns[-1:]):
                found.append((key, True))
            if key.target == source.full_name and name in (key.source.partition(".")[2], key.name):
                found.append((key, key.is_single))
        return found


class Catalogs:
    """The latest reading of the catalog. It is read again after a minute, and soon after a name was not found."""

    def __init__(self, database: Database, schemas: tuple[str, ...]) -> None:
        self._database, self._schemas = database, schemas
        self._latest: Catalog | None = None
        self._lock = asyncio.Lock()

    async def get(self, *, older_than: float = _SECONDS) -> Catalog:
        """Return the latest reading, or a new one when that is older."""
        found = self._latest
        if found is not None and time.monotonic() - found.read_at < older_than:
            return found
        async with self._lock:
            found = self._latest
            if found is None or time.monotonic() - found.read_at >= older_than:
                self._latest = found = await self._read()
            return found

    async def find(self, lookup: Callable[[Catalog], T | None]) -> tuple[Catalog, T | None]:
        """Return what `lookup` finds, and the catalog that has it. A name that is not found may be new."""
        catalog = await self.get()
        found = lookup(catalog)
        if found is None:
            catalog = await self.get(older_than=_SOON)
            found = lookup(catalog)
        return catalog, found

    async def _read(self) -> Catalog:
        async with self._database.as_nobody() as conn:
            rows: dict[str, list[Any]] = {}
            for name in ("relations", "foreign_keys", "functions"):
                cursor = await conn.execute(query("serve/read", name), {"schemas": list(self._schemas)})
                rows[name] = await cursor.fetchall()
            bases = await conn.execute(query("serve/cache", "bases"), {"schemas": list(self._schemas)})
            catalog = make_catalog(rows["relations"], rows["foreign_keys"], rows["functions"], self._schemas)
            catalog.bases = {name: Basis.of_row(reads, named) async for name, reads, named in bases}
        return catalog


def make_catalog(relations: Any, foreign_keys: Any, functions: Any, schemas: tuple[str, ...]) -> Catalog:
    """Return the catalog of the rows of the queries. Keys in comments are those that Postgres cannot declare."""
    found = {}
    keys = [
        ForeignKey(name, source, tuple(columns), target, tuple(of_target), single)
        for name, source, columns, target, of_target, single in foreign_keys
    ]
    for schema, name, comment, columns, key in relations:
        tags = _TAG.findall(comment or "")
        for tag, text in tags:
            if tag == "primaryKey":
                key = key or _names(text)
            elif match := _FOREIGN.match(text):
                own = _names(match[1])
                target = f"{match[2] or schema}.{match[3]}"
                keys.append(
                    ForeignKey(f"{name}_{own[-1]}_fkey", f"{schema}.{name}", own, target, _names(match[4]), False)
                )
        infos = {column[0]: ColumnInfo(*column) for column in columns}
        found[f"{schema}.{name}"] = Relation(schema, name, _TAG.sub("", comment or "").strip(), infos, tuple(key or ()))
    readable = [
        each
        for each in keys
        if each.source in found
        and each.target in found
        and set(each.columns) <= set(found[each.source].columns)
        and set(each.keys) <= set(found[each.target].columns)
    ]
    by_name = {each.full_name: each for each in map(Function.of_row, functions)}
    return Catalog(found, readable, {name: each for name, each in by_name.items() if is_callable(each)}, schemas)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip().strip('"') for name in text.strip("() ").split(","))
