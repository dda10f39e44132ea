"""The folder of a dump: the files of pg_dump in data/, and manifest.json with the facts that a restore checks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stanchion.deploy.catalog import read_catalog
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.server.connection import Connection, value

FORMAT = 1
DATA = "data"
_NAME = "manifest.json"


@dataclass(frozen=True)
class Manifest:
    """Facts about a dump."""

    format: int
    made_at: str
    stanchion: str
    postgres: str
    database: dict[str, Any]
    catalog: str  # digest of the catalog
    superusers: list[str]
    roles: list[dict[str, Any]]
    tables: dict[str, int]  # rows
    files: dict[str, str]  # digests

    def write(self, folder: Path) -> None:
        path = folder / _NAME
        path.touch(mode=0o600)  # contains hashes of passwords
        path.write_text(json.dumps(asdict(self), indent=1, default=str) + "\n", encoding="utf-8")

    @property
    def rows(self) -> int:
        return sum(self.tables.values())


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a complete dump. Raise StanchionError when the folder is not one, or is damaged."""
    try:
        found = Manifest(**json.loads((folder / _NAME).read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        raise StanchionError(
            f"{folder} is not a dump: expected a folder with {_NAME}, as stanchion dump writes it."
        ) from None
    except (ValueError, TypeError):
        raise StanchionError(f"{folder / _NAME} is damaged, or from another version of Stanchion.") from None
    if found.format != FORMAT:
        raise StanchionError(f"{folder} has format {found.format}, and this version reads format {FORMAT}.")
    digests = digests_of(folder)
    for name, digest in found.files.items():
        if digests.get(name) != digest:
            problem = "is missing" if name not in digests else "is truncated or changed"
            raise StanchionError(f"{folder / DATA / name} {problem}: nothing was restored. Use another dump.")
    return found


def digests_of(folder: Path) -> dict[str, str]:
    """Return the digest of each file of pg_dump."""
    return dict(_digests(folder / DATA))


def _digests(data: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(data.iterdir()):
        with path.open("rb") as file:
            yield path.name, hashlib.file_digest(file, "sha256").hexdigest()


def digest_of_catalog(conn: Connection) -> str:
    return hashlib.sha256(read_catalog(conn).encode()).hexdigest()


def count_rows(conn: Connection) -> dict[str, int]:
    """Return the number of rows of each table of the database."""
    tables = [name for (name,) in conn.execute(query("backup", "tables").encode()).fetchall()]
    return {name: value(conn, f"select count(*) from {name}") for name in tables}  # noqa: S608 - quoted by %I
