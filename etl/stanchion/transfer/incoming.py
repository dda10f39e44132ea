"""Import an exported tenant: into its own id or a new one, repeatable after any interruption.

Tables without load ids are imported first, each in its own transaction, which also records that it is done. The rest is
one transaction at the end: it makes the tenant visible to builds and opens it. Until then the tenant has the status
importing, which closes it to its domains, API keys and analysts. A repeated command goes on with the next table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from stanchion.access.builder import builder_server
from stanchion.cluster.home import at_coordinator, at_home
from stanchion.errors import StanchionError
from stanchion.marts.node import open_marts_node
from stanchion.ops.transactions import forget
from stanchion.paths import query
from stanchion.progress import Report
from stanchion.server.connection import (
    Connection,
    acting_for,
    connect,
    only_one,
    require_deployed,
    require_superuser,
    value,
)
from stanchion.server.locate import Server
from stanchion.transfer.bundle import Manifest, Member, Reader, reading
from stanchion.transfer.tables import BUILDER, GRANTS, TENANT, Table, rows_of, tables_of

_LOCK = 0x57A91A90  # one import at a time: two of the same file would import the same rows
_NAMES = UUID("6c1f1d0e-6d0a-4f0e-9d3a-5b1f0f5a7c11")  # of the ids of --new-id
_SKIPPED = 1_000_000  # numbers of a sequence left out after imported ones, for sessions that take some meanwhile
_DAYS_AT_ONCE = 100
_KEYS, _DOMAINS = "core.api_key", "core.tenant_domain"


@dataclass
class Imported:
    """The result of an import."""

    slug: str
    tenant_id: UUID
    status: str = "active"
    rows: dict[str, int] = field(default_factory=dict)
    was_complete: bool = False
    taken_domains: list[str] = field(default_factory=list)
    keys_left_out: int = 0
    analysts: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the result as JSON shows it."""
        return {
            "slug": self.slug,
            "tenant_id": str(self.tenant_id),
            "status": self.status,
            "was_complete": self.was_complete,
            "rows": sum(self.rows.values()),
            "tables": self.rows,
            "domains_of_other_tenants": self.taken_domains,
            "api_keys_left_out": self.keys_left_out,
            "analysts_without_grant": self.analysts,
        }


def import_tenant(
    server: Server, conn: Connection, path: Path, slug: str | None, report: Report, *, new_id: bool, dry_run: bool
) -> Imported:
    """Import a file that export_tenant wrote, under its slug or another one, and under its id or a new one."""
    require_deployed(conn)
    require_superuser(conn)
    with reading(path) as reader:
        report(f"checking {path}")
        reader.check()
        manifest = reader.manifest
        slug = slug or manifest.tenant["slug"]
        tenant_id = uuid5(_NAMES, f"{manifest.export_id}/{slug}") if new_id else UUID(manifest.tenant["id"])
        result = Imported(slug, tenant_id, manifest.tenant["status"], analysts=manifest.analysts)
        with only_one(conn, _LOCK, "import", 600, report):
            tables = tables_of(conn)
            _compare(manifest.tables, tables)
            _check_needs(conn, manifest)
            result.was_complete = _check_tenant(conn, manifest, slug, tenant_id)
            if result.was_complete or dry_run:
                result.rows = {name: member.rows for name, member in manifest.tables.items()}
                return result
            if manifest.marts:
                with open_marts_node(server, conn) as node, connect(builder_server(node.server, node.conn)) as builder:
                    _compare(manifest.marts, tables_of(builder, BUILDER), are_marts=True)
            _create(conn, manifest, result)
            with at_home(conn, tenant_id) as there:
                _Import(there, reader, tables, result, report, new_id=new_id).run(server, conn)
    return result


def _compare(members: dict[str, Member], tables: list[Table], *, are_marts: bool = False) -> None:
    """Raise StanchionError unless the tables here have the columns that the file has."""
    here = {table.name: table for table in tables}
    for name, member in members.items():
        if name not in here:
            remedy = "build the marts first: stanchion build" if are_marts else "deploy the version that exported it"
            raise StanchionError(f"The file has rows of {name}, which is not in this database; {remedy}.")
        theirs, ours = ({" ".join(column) for column in each.columns} for each in (member, here[name]))
        if theirs != ours:
            raise StanchionError(
                f"{name} has other columns in the file than in this database: {', '.join(sorted(theirs ^ ours))}; "
                "deploy the version that exported it."
            )
    if not are_marts and (missing := set(here) - set(members) - {GRANTS}):
        raise StanchionError(
            f"The file lacks {min(missing)}, which this database has; export it again with this version."
        )


def _check_needs(conn: Connection, manifest: Manifest) -> None:
    """Raise StanchionError unless the rows exist that the tenant refers to and all tenants share, such as its plan."""
    known = {
        target: keys for *_, target, keys in conn.execute(query("transfer", "shared_keys").encode(), {}).fetchall()
    }
    for target, rows in manifest.needs.items():
        if target not in known:
            raise StanchionError(f"The tenant refers to {target}, which is not in this database.")
        columns = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in known[target])
        statement = sql.SQL("select {} from {}").format(columns, sql.SQL(target))
        here = {tuple(row) for row in conn.execute(statement).fetchall()}
        for row in rows:
            if tuple(row) not in here:
                raise StanchionError(
                    f"The tenant refers to {'.'.join(row)} in {target}; add it to this database first."
                )


def _check_tenant(conn: Connection, manifest: Manifest, slug: str, tenant_id: UUID) -> bool:
    """Return whether this export was imported before. Raise StanchionError when another tenant has the id or slug."""
    found = conn.execute(
        "select tenant_id, slug, status from core.tenant where tenant_id = %s or slug = %s", [tenant_id, slug]
    ).fetchall()
    for found_id, found_slug, status in found:
        if found_id != tenant_id:
            raise StanchionError(f"Another tenant has the slug {slug}; give another one with --slug.")
        if status == "importing" and found_slug == slug and _notes(conn, tenant_id, manifest, "begin"):
            return False
        if _notes(conn, tenant_id, manifest, "end"):
            if found_slug != slug:
                raise StanchionError(f"This export was imported already, as {found_slug}.")
            return True
        raise StanchionError(
            f"The tenant with the id {tenant_id} exists already, as {found_slug} ({status}), and not from this export; "
            "to have a copy beside it, add --new-id --slug NAME."
        )
    return False


def _notes(conn: Connection, tenant_id: UUID, manifest: Manifest, step: str) -> list[str]:
    """Return the tables for which the audit log has a step of this import."""
    rows = conn.execute(
        "select detail ->> 'table' from core.audit_log "
        "where tenant_id = %s and action = 'tenant.import' and subject = %s and detail ->> 'step' = %s",
        [tenant_id, manifest.export_id, step],
    ).fetchall()
    return [table for (table,) in rows]


def _create(conn: Connection, manifest: Manifest, result: Imported) -> None:
    """Create the tenant, unless an import that was stopped did so."""
    tenant = manifest.tenant
    with acting_for(conn, result.tenant_id):
        made = conn.execute(
            "insert into core.tenant (tenant_id, slug, name, kind, created_at, status) "
            "values (%s, %s, %s, %s, %s, 'importing') on conflict (tenant_id) do nothing",
            [result.tenant_id, result.slug, tenant["name"], tenant["kind"], tenant["created_at"]],
        ).rowcount
        if made:
            _note(conn, manifest, "begin", "", manifest.rows)


def _note(conn: Connection, manifest: Manifest, step: str, table: str, rows: int) -> None:
    detail = Jsonb({"step": step, "table": table, "rows": rows})
    conn.execute("select core.write_audit('tenant.import', %s, %s)", [manifest.export_id, detail])


class _Import:
    """One run of an import, at the node of the tenant."""

    def __init__(
        self, conn: Connection, reader: Reader, tables: list[Table], result: Imported, report: Report, *, new_id: bool
    ) -> None:
        self.conn, self.reader, self.manifest = conn, reader, reader.manifest
        self.tables, self.result, self.report, self.new_id = tables, result, report, new_id

    def run(self, server: Server, coordinator: Connection) -> None:
        early, late = self._divide()
        with at_coordinator(coordinator) as there:
            self._make_partitions(there)
        done = set(_notes(self.conn, self.result.tenant_id, self.manifest, "table"))
        for table in early:
            if table.name in done:
                self.result.rows[table.name] = self.manifest.tables[table.name].rows
                continue
            with acting_for(self.conn, self.result.tenant_id):
                _note(self.conn, self.manifest, "table", table.name, self._table(table))
        self._marts(server, coordinator)
        with acting_for(self.conn, self.result.tenant_id):
            load_id = value(self.conn, "select landing.begin_load('decision', %s)", [f"import of {self.result.slug}"])
        # the running load holds builds below the load ids of the import, until the last transaction has ended
        self._number_loads()
        with acting_for(self.conn, self.result.tenant_id):
            for table in late:
                self._table(table)
            forget(self.conn, self.result.tenant_id)
            self._advance_sequences()
            _note(self.conn, self.manifest, "end", "", self.manifest.rows)
            self.conn.execute(
                "update core.tenant set status = %s where tenant_id = %s", [self.result.status, self.result.tenant_id]
            )
            self.conn.execute("select landing.finish_load(%s, 'done', '{}', 0, 0)", [load_id])

    def _divide(self) -> tuple[list[Table], list[Table]]:
        """Return the tables that can be imported one by one, and those of the last transaction."""
        late = {table.name for table in self.tables if table.has("load_id")}
        for table in self.tables:  # each after those that it refers to
            if late & set(table.refers_to):
                late.add(table.name)
        left_out = {GRANTS, TENANT} | ({_KEYS} if self.new_id else set())
        if self.new_id:  # an API key contains the id of its tenant
            self.result.keys_left_out = self.manifest.tables[_KEYS].rows
        chosen = [table for table in self.tables if table.name not in left_out]
        return [t for t in chosen if t.name not in late], [t for t in chosen if t.name in late]

    def _make_partitions(self, conn: Connection) -> None:
        """Make the partitions for the days of the rows, in transactions of their own: they lock the tables."""
        for table in self.tables:
            days = self.manifest.days.get(table.name, [])
            for some in batched(days):
                conn.execute(
                    "select core.ensure_partitions(%s::regclass, d.day, d.day) from unnest(%s::date[]) as d (day)",
                    [table.name, some],
                )
        # the rows of a game need a partition in each of the five tables
        of_games = [days for name, days in self.manifest.days.items() if name.startswith("contest.")]
        for some in batched(sorted(set(chain(*of_games)))):
            conn.execute("select contest.ensure_game_days(%s::date[])", [some])

    def _number_loads(self) -> None:
        """Take as many new load ids as the export has, in the same order."""
        self.conn.execute("create temp table if not exists load_numbers (load_id bigint primary key, number bigint)")
        rows = self.conn.execute(
            "select landing.next_load_id() from generate_series(1, %s)", [len(self.manifest.loads)]
        ).fetchall()
        numbers = sorted(number for (number,) in rows)
        self.conn.execute(
            "insert into pg_temp.load_numbers select * from unnest(%s::bigint[], %s::bigint[])",
            [self.manifest.loads, numbers],
        )

    def _table(self, table: Table) -> int:
        """Import the rows of one table, and return their number."""
        member = self.manifest.tables[table.name]
        if not member.rows:
            self.result.rows[table.name] = 0
            return 0
        rows = _insert(self.conn, self.reader, "data", table, member, self._expressions(table), self._conflict(table))
        if table.name == _DOMAINS and rows < member.rows:
            taken = self.conn.execute(
                "select i.domain from incoming as i join core.tenant_domain as d on d.domain = i.domain "
                "where d.tenant_id <> %s order by 1",
                [self.result.tenant_id],
            ).fetchall()
            self.result.taken_domains = [domain for (domain,) in taken]
        elif rows != member.rows:
            raise StanchionError(
                f"{table.name}: {rows:,} of {member.rows:,} rows could be imported; nothing was changed."
            )
        self.result.rows[table.name] = rows
        self.report(rows_of(table.name, rows))
        return rows

    def _expressions(self, table: Table) -> dict[str, sql.Composable]:
        """Return the columns whose values are not those of the file."""
        found: dict[str, sql.Composable] = {"tenant_id": sql.Literal(str(self.result.tenant_id))}
        if table.has("load_id"):
            found["load_id"] = sql.SQL(
                "coalesce((select n.number from pg_temp.load_numbers as n where n.load_id = i.load_id), i.load_id)"
            )
        if table.name.startswith("stock.") and table.has("transaction_id"):
            found["transaction_id"] = sql.SQL("pg_current_xact_id()::text::bigint")  # new to the marts
        return found

    def _conflict(self, table: Table) -> sql.SQL:
        return sql.SQL("on conflict (domain) do nothing" if table.name == _DOMAINS else "")

    def _marts(self, server: Server, coordinator: Connection) -> None:
        """Import the rows of the marts about expired games. A build keeps them, and computes the others."""
        if not self.manifest.marts:
            return
        with open_marts_node(server, coordinator) as node, connect(builder_server(node.server, node.conn)) as builder:
            for table in tables_of(builder, BUILDER):
                if (member := self.manifest.marts.get(table.name)) is None:
                    continue
                tenant = sql.Literal(str(self.result.tenant_id))
                with builder.transaction():
                    builder.execute("set local role stanchion_builder")  # partitions belong to the builder
                    builder.execute(sql.SQL("delete from {} where tenant_id = {}").format(table.identifier, tenant))
                    _insert(builder, self.reader, "marts", table, member, {"tenant_id": tenant}, sql.SQL(""))
                self.report(f"{table.name}: {member.rows:,} rows of expired games")

    def _advance_sequences(self) -> None:
        """Let the sequences go on after the imported numbers, and the day of text keys include the imported days."""
        for name, column, sequence in self.conn.execute(query("transfer", "sequences").encode(), {}).fetchall():
            if name not in self.manifest.tables or (name, column) == ("core.event", "position"):
                continue
            statement = sql.SQL("select max({}) from {} where tenant_id = %s").format(
                sql.Identifier(column), sql.SQL(name)
            )
            highest = self.conn.execute(statement, [self.result.tenant_id]).fetchone()
            _advance(self.conn, sequence, highest[0] if highest else None, _SKIPPED)
        highest_job = (
            "select greatest((select max(job_id) from core.job_done where tenant_id = %(tenant)s), "
            "(select max(job_id) from core.job_dead where tenant_id = %(tenant)s))"
        )
        tenant = {"tenant": self.result.tenant_id}
        _advance(self.conn, "core.job_job_id_seq", value(self.conn, highest_job, tenant), _SKIPPED)
        latest_key = "select max(claimed_on) - date '2000-01-01' from core.idempotency_key where tenant_id = %(tenant)s"
        _advance(self.conn, "core.key_day", value(self.conn, latest_key, tenant), 0)


def batched(days: list[str]) -> Iterator[list[str]]:
    """Yield the days in lists that one call may have."""
    return (days[first : first + _DAYS_AT_ONCE] for first in range(0, len(days), _DAYS_AT_ONCE))


def _advance(conn: Connection, sequence: str, number: int | None, skipped: int) -> None:
    """Let a sequence continue after a number, unless it is beyond it.

    Each node of a cluster has a range of numbers. One of another range only causes the gap that a move leaves too.
    """
    last, highest = conn.execute(query("transfer", "range"), {"sequence": sequence}).fetchone() or (0, 0)
    if number is not None and number >= last:
        conn.execute("select setval(%s::regclass, %s)", [sequence, (number if number < highest else last) + skipped])


def _insert(
    conn: Connection,
    reader: Reader,
    folder: str,
    table: Table,
    member: Member,
    expressions: dict[str, sql.Composable],
    conflict: sql.SQL,
) -> int:
    """Copy the rows of a member into a temporary table, and from there into the table. Return the rows inserted."""
    columns = sql.SQL(", ").join(sql.Identifier(name) for name, _ in member.columns)
    conn.execute("drop table if exists pg_temp.incoming")
    conn.execute(
        sql.SQL("create temp table incoming on commit drop as select {} from {} with no data").format(
            columns, table.identifier
        )
    )
    try:
        with conn.cursor().copy(
            sql.SQL("copy pg_temp.incoming ({}) from stdin with (format csv, header)").format(columns)
        ) as target:
            for part in reader.parts(folder, table.name):
                target.write(part)
        if folder == "marts" and table.day:
            days = sql.SQL(
                "select core.ensure_mart_partitions({}::regclass, min({day}), max({day})) from pg_temp.incoming"
            )
            conn.execute(days.format(table.name, day=sql.Identifier(table.day)))
        values = sql.SQL(", ").join(
            expressions.get(name, sql.SQL("i.{}").format(sql.Identifier(name))) for name, _ in member.columns
        )
        statement = sql.SQL("insert into {} ({}) select {} from pg_temp.incoming as i {}")
        return conn.execute(statement.format(table.identifier, columns, values, conflict)).rowcount
    except (psycopg.errors.IntegrityError, psycopg.DataError) as e:
        raise StanchionError(f"{table.name} refused a row of the file: {e.diag.message_primary}.") from e
