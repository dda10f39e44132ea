"""The formats that a load reads besides those of this package: mappings given to the load, and those of the tenant."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import msgspec
import psycopg

from stanchion.errors import StanchionError
from stanchion.ingest.loading.session import Session
from stanchion.ingest.reading import recognise
from stanchion.ingest.reading.mapping.formats import format_of
from stanchion.ingest.reading.mapping.schema import Mapping
from stanchion.ingest.reading.mapping.yamlfile import MappingError, read_mapping
from stanchion.ingest.reading.recognise import Format
from stanchion.paths import query
from stanchion.server.connection import value


@dataclass(frozen=True)
class Added:
    """Formats to try before the registered ones."""

    formats: tuple[Format, ...] = ()
    digest: bytes = b""  # of these formats and of plug-ins: a file is read again when they change


def added_formats(session: Session, given: Sequence[Mapping] = ()) -> Added:
    """Return the mappings given to a load, followed by those of the tenant with other names.

    Raises PluginError for a broken plug-in and MappingError for a stored mapping that this version cannot read.
    """
    by_name = {mapping.name: mapping for mapping in given}
    for name, text in stored_mappings(session).items():
        try:
            by_name.setdefault(name, read_mapping(text, f"The stored mapping '{name}'"))
        except MappingError as error:
            raise StanchionError(
                f"{error} Remove it with: stanchion formats remove '{name}' --tenant {session.tenant}"
            ) from None
    plugins = [(distribution, _version(distribution), entry.name) for distribution, entry in recognise.plugged_in()]
    mappings = tuple(by_name.values())
    digest = hashlib.sha256(msgspec.json.encode((mappings, plugins))).digest() if mappings or plugins else b""
    return Added(tuple(map(format_of, mappings)), digest)


def stored_mappings(session: Session) -> dict[str, str]:
    """Return the YAML of each mapping of the tenant by its name."""
    with session.transaction() as conn:
        rows = conn.execute(query("ingest/loading", "formats"), {"tenant": session.tenant_id}).fetchall()
    return dict(rows)


def put_mapping(session: Session, mapping: Mapping, text: str) -> bool:
    """Store a mapping with its YAML, and return whether anything changed."""
    with session.transaction() as conn:
        return bool(value(conn, "select landing.put_format(%s, %s)", [mapping.name, text]))


def remove_mapping(session: Session, name: str) -> None:
    """Remove a mapping. Raises StanchionError when the tenant has none with this name."""
    try:
        with session.transaction() as conn:
            conn.execute("select landing.remove_format(%s)", [name])
    except psycopg.errors.NoDataFound:
        names = ", ".join(stored_mappings(session)) or "none"
        raise StanchionError(f"{session.tenant} has no mapping '{name}' (it has: {names}).") from None


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""
