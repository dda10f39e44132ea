"""Read the live catalog as sorted text, and compare it with the catalog record of the last deploy."""

import hashlib

from stanchion.audit.findings import HIGH, Finding
from stanchion.paths import query
from stanchion.server.connection import Connection, is_deployed, value

# The text of an expression depends on these settings; with our schemas in the search path, names lose their schema.
_PINNED = """
    set local search_path = pg_catalog; set local timezone = 'UTC'; set local datestyle = 'ISO';
    set local intervalstyle = 'postgres'; set local extra_float_digits = 1; set local quote_all_identifiers = off;
    set local standard_conforming_strings = on
"""


def read_catalog(conn: Connection) -> str:
    """Return one line per object of Stanchion: kind and name, a colon, and the definition."""
    with conn.transaction(force_rollback=True):  # the rollback also resets the settings
        conn.execute(_PINNED)
        rows = conn.execute(query("deploy", "catalog")).fetchall()
        if value(conn, "select to_regclass('core.partition_set') is not null"):  # an early module creates it
            rows += conn.execute(query("deploy", "guards")).fetchall()
    return "".join(f"{kind} {name}: {' '.join(detail.split())}\n" for kind, name, detail in sorted(rows))


def record(conn: Connection) -> None:
    """Record the current catalog, in the transaction that changed it."""
    conn.execute(
        """
        insert into core.catalog_record (format, catalog) values (%s, %s)
        on conflict (is_current) do update
        set format = excluded.format, catalog = excluded.catalog, taken_at = excluded.taken_at
        """,
        [_format(), read_catalog(conn)],
    )


def is_recorded(conn: Connection) -> bool:
    """Return whether the database has a catalog record. It has none before the end of its first deploy."""
    return is_deployed(conn) and bool(value(conn, "select exists (select from core.catalog_record)"))


def is_comparable(conn: Connection) -> bool:
    """Return whether the catalog record has the format of this version; the next deploy writes it again if not."""
    return value(conn, "select format from core.catalog_record") in (None, _format())


def _format() -> str:
    """Return a hash of the query: another query writes another format."""
    return hashlib.sha256((_PINNED + query("deploy", "catalog") + query("deploy", "guards")).encode()).hexdigest()[:12]


def drift(conn: Connection) -> list[str]:
    """Return one line per difference from the last deploy; none before the first deploy."""
    if not is_deployed(conn) or not is_comparable(conn):
        return []
    known = value(conn, "select catalog from core.catalog_record")
    return compare(known, read_catalog(conn)) if known else []


def findings(differences: list[str]) -> list[Finding]:
    """Return differences as findings with ids, severities and remedies."""
    return [_finding(*line.split(": ", 2)) for line in differences]


def _finding(change: str, name: str, detail: str = "") -> Finding:
    problem = f"{change} by hand: {detail}"
    return Finding("verify", name, problem, HIGH, "Undo the change, or run: stanchion deploy --accept-drift")


def compare(before: str, after: str) -> list[str]:
    """Return the differences between two catalogs, one line per object."""
    old, new = _by_name(before), _by_name(after)
    lines = []
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            lines.append(f"gone: {name}: {old[name]}")
        elif name not in old:
            lines.append(f"added: {name}: {new[name]}")
        elif old[name] != new[name]:
            lines.append(f"changed: {name}: {_changed(old[name], new[name])}")
    return lines


def _by_name(catalog: str) -> dict[str, str]:
    pairs = (line.partition(": ") for line in catalog.splitlines())
    return {name: detail for name, _, detail in pairs}


def _changed(old: str, new: str) -> str:
    """Return the changed parts of a list of properties, or both definitions where they are not lists."""
    before, after = old.split(", "), new.split(", ")
    if len(before) < 3:
        return f"{old} -> {new}"
    was = ", ".join(part for part in before if part not in after) or "nothing"
    now = ", ".join(part for part in after if part not in before) or "nothing"
    return f"{was} -> {now}"
