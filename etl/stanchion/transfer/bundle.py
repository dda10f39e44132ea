"""The file of an exported tenant: a ZIP archive with a CSV file for each table, and a manifest with their checksums."""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stanchion.errors import StanchionError

_MANIFEST = "manifest.json"
_VERSION = 1
_CHUNK = 1 << 20
_LARGEST_MANIFEST = 64 << 20  # bytes
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, struct.error, KeyError, ValueError, EOFError, OSError, NotImplementedError,
    RuntimeError,
)  # fmt: skip
_README = """This file contains every row of one tenant of Stanchion.

manifest.json names the tenant and lists the tables with their columns, rows and SHA-256 checksums.
data/SCHEMA.TABLE.csv has the rows of a table: UTF-8, a header line, null as nothing and an empty text as "".
marts/SCHEMA.TABLE.csv has the rows of marts whose sources have expired.

To import the file into a database: stanchion tenant import FILE
"""


@dataclass
class Member:
    """The rows of one table in the file."""

    rows: int
    bytes: int
    sha256: str
    columns: list[list[str]]


@dataclass
class Manifest:
    """What the file contains."""

    tenant: dict[str, str]  # id, slug, name, kind, status and created_at
    exported_at: str
    server: str  # version of Postgres
    tables: dict[str, Member] = field(default_factory=dict)
    marts: dict[str, Member] = field(default_factory=dict)
    days: dict[str, list[str]] = field(default_factory=dict)  # of the rows of each partitioned table
    needs: dict[str, list[list[str]]] = field(default_factory=dict)  # keys in tables that all tenants share
    loads: list[int] = field(default_factory=list)
    expired_games: list[str] = field(default_factory=list)
    analysts: list[str] = field(default_factory=list)
    version: int = _VERSION

    @property
    def export_id(self) -> str:
        """A name of this export, by which an import recognizes it."""
        text = json.dumps([self.tenant, self.exported_at, {n: m.sha256 for n, m in self.tables.items()}])
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def rows(self) -> int:
        """The number of rows of all tables."""
        return sum(member.rows for member in (self.tables | self.marts).values())


class Writer:
    """Writes the members one after the other, and the manifest at the end."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        archive.writestr("README.txt", _README)

    def add(
        self, folder: str, name: str, columns: list[list[str]], copy: Callable[[Callable[[bytes], Any]], int]
    ) -> Member:
        """Add a table. `copy` calls the function that it gets with each part of the CSV, and returns the rows."""
        digest, size = hashlib.sha256(), 0
        with self.archive.open(_path(folder, name), "w", force_zip64=True) as member:

            def write(part: bytes) -> None:
                nonlocal size
                member.write(part)
                digest.update(part)
                size += len(part)

            rows = copy(write)
        return Member(rows, size, digest.hexdigest(), columns)

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest. A file without it is not complete."""
        self.archive.writestr(_MANIFEST, json.dumps(asdict(manifest), indent=1))


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """Yield a writer of a new file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        yield Writer(archive)


class Reader:
    """Reads a file that `writing` made."""

    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self.archive, self.path = archive, path
        try:
            if archive.getinfo(_MANIFEST).file_size > _LARGEST_MANIFEST:
                raise StanchionError(f"{path}: the manifest is larger than {_LARGEST_MANIFEST >> 20} MB.")
            given = json.loads(archive.read(_MANIFEST))
            if given.get("version") != _VERSION:
                raise StanchionError(f"{path} has version {given.get('version')} of the format, not {_VERSION}.")
            for kind in ("tables", "marts"):
                given[kind] = {name: Member(**member) for name, member in given[kind].items()}
            self.manifest = Manifest(**given)
        except (*_UNREADABLE, TypeError, AttributeError) as e:
            raise StanchionError(f"{path} is not an export of a tenant, or is not complete.") from e

    def check(self) -> None:
        """Raise StanchionError unless the bytes of every member are those that were exported."""
        for folder, members in (("data", self.manifest.tables), ("marts", self.manifest.marts)):
            for name, member in members.items():
                digest = hashlib.sha256()
                for part in self.parts(folder, name):
                    digest.update(part)
                if digest.hexdigest() != member.sha256:
                    raise self._damaged(folder, name)

    def parts(self, folder: str, name: str) -> Iterator[bytes]:
        """Yield the CSV of a table in parts; never more bytes than the manifest says."""
        member = (self.manifest.tables if folder == "data" else self.manifest.marts)[name]
        left = member.bytes
        try:
            with self.archive.open(_path(folder, name)) as source:
                while part := source.read(_CHUNK):
                    left -= len(part)
                    if left < 0:
                        break
                    yield part
        except _UNREADABLE as e:
            raise self._damaged(folder, name) from e
        if left:
            raise self._damaged(folder, name)

    def _damaged(self, folder: str, name: str) -> StanchionError:
        return StanchionError(f"{self.path} is damaged in {_path(folder, name)}; nothing of it was imported.")


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """Yield a reader of a file, or raise StanchionError when it is none."""
    with path.open("rb") as file:
        try:
            archive = zipfile.ZipFile(file)
        except _UNREADABLE as e:
            raise StanchionError(f"{path} is not an export of a tenant, or is not complete.") from e
        with archive:
            yield Reader(archive, path)


def _path(folder: str, name: str) -> str:
    return f"{folder}/{name}.csv"
