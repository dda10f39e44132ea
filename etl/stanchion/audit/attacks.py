"""What each login tries against a tenant that is not its own, and what must not come of it.

Every attempt is a transaction that is rolled back, but for calls of functions, whose effects on the
victim are then looked for from outside.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from stanchion.audit.findings import Report
from stanchion.audit.seed import Table, Victim
from stanchion.server.connection import Connection, value

FINDS_TENANTS = {
    "core.tenant_for_domain(p_domain text)": "which tenant a public host name is, is what it is for",
    "core.due_queues(p_queue text)": "which tenants have jobs is all that a worker is told of all of them",
}


@dataclass
class Attacker:
    """A connection, what it SETs before each attempt, and whose rows it must never meet."""

    name: str
    conn: Connection
    forbidden: list[Victim]
    settings: dict[str, str] = field(default_factory=dict)
    told_of: frozenset[str] = frozenset()  # columns that it may read of every tenant

    @contextmanager
    def attempt(self, *, keep: bool = False) -> Iterator[None]:
        """A transaction for one attempt."""
        settings = {"lock_timeout": "1s"} | self.settings
        with self.conn.transaction(force_rollback=not keep):
            self.conn.execute(
                "select set_config(s.name, s.text, true) from unnest(%s::text[], %s::text[]) as s (name, text)",
                [list(settings), list(settings.values())],
            )
            yield

    def fetch(self, report: Report, statement: Any, values: Any = None) -> tuple[list[Any], str]:
        """What a statement answers, or what the server says when it refuses: both may give something away."""
        report.attempts += 1
        try:
            with self.attempt():
                return self.conn.execute(statement, values).fetchall(), ""
        except psycopg.Error as e:
            return [], f"{e.diag.message_primary} {e.diag.message_detail} {e.diag.message_hint}"

    def count(self, report: Report, statement: Any, values: Any = None) -> int:
        """How many rows a writing statement changed; none when it is refused."""
        report.attempts += 1
        try:
            with self.attempt():
                return self.conn.execute(statement, values).rowcount
        except psycopg.errors.UniqueViolation:
            return 1  # refused because the other's row is there, which says that it is
        except psycopg.Error:
            return 0


def read(report: Report, attacker: Attacker, relations: dict[str, list[str]]) -> None:
    """Every relation, whole or by column, and with an error that would show a value before a policy was asked.

    A relation is tried whole, whatever the catalogs say; its columns one by one where a right to one of them is
    all there is, or where they can be asked for what fails.
    """
    for name, columns in relations.items():
        relation = sql.Identifier(*name.split(".", 1))
        is_whole = _look(report, attacker, name, sql.SQL("select * from {}").format(relation))
        if not is_whole and not _may_read_some_of(attacker, relation):
            continue
        for column in [sql.Identifier(each) for each in columns if f"{name}.{each}" not in attacker.told_of]:
            if not is_whole:
                _look(report, attacker, name, sql.SQL("select {} from {}").format(column, relation))
            failing = sql.SQL("select 1 from {} where {}::text::integer = 1").format(relation, column)
            _look(report, attacker, name, failing)


def _may_read_some_of(attacker: Attacker, relation: sql.Identifier) -> bool:
    """Whether the login has a right to any column."""
    with attacker.attempt():
        try:
            return bool(value(attacker.conn, "select has_any_column_privilege(%s, 'select')", [relation.as_string()]))
        except psycopg.errors.InsufficientPrivilege:  # not even the schema may be used
            return False


def read_catalogs(report: Report, attacker: Attacker, catalogs: list[str]) -> None:
    """What the system's own views tell: statistics, activity, comments, settings."""
    marks = [f"%{mark}%" for victim in attacker.forbidden for mark in victim.marks]
    for name in catalogs:
        catalog = sql.Identifier(*name.split(".", 1))
        found = sql.SQL("select 1 from {} as t where t::text ilike any (%s) limit 1").format(catalog)
        if attacker.fetch(report, found, [marks])[0]:
            report.add(attacker.name, name, f"tells {attacker.name} about another tenant")


def _look(report: Report, attacker: Attacker, name: str, statement: Any) -> bool:
    """Whether it was answered; what it may not answer is reported."""
    rows, said = attacker.fetch(report, statement)
    for victim in attacker.forbidden:
        if any(victim.is_in(row) for row in rows):
            report.add(attacker.name, name, f"shows rows of another tenant to {attacker.name}")
        if victim.is_in(said):
            report.add(attacker.name, name, f"tells {attacker.name} about another tenant in an error message")
    return not said


def write(report: Report, attacker: Attacker, tables: list[Table], victim: Victim, own: Victim | None) -> None:
    """Insert for the victim, take its rows, give it rows, delete and truncate."""
    for table in tables:
        into, columns = table.identifier, sql.SQL(", ").join(map(sql.Identifier, table.writable))
        row = json.dumps(victim.rows.get(table.name, {}))
        forged = sql.SQL("insert into {into} ({c}) select {c} from jsonb_populate_record(null::{into}, %s::jsonb)")
        attempts = {
            "insert rows of": (forged.format(into=into, c=columns), [row]),
            "delete rows of": (sql.SQL("delete from {} where tenant_id = %s").format(into), [victim.tenant_id]),
            "update rows of": (
                sql.SQL("update {} set tenant_id = tenant_id where tenant_id = %s").format(into),
                [victim.tenant_id],
            ),
        }
        if own:
            attempts["give rows to"] = (
                sql.SQL("update {} set tenant_id = %s where tenant_id = %s").format(into),
                [victim.tenant_id, own.tenant_id],
            )
        for deed, (statement, values) in attempts.items():
            if attacker.count(report, statement, values) > 0:
                report.add(attacker.name, table.name, f"lets {attacker.name} {deed} another tenant")
        _must_be_refused(report, attacker, table.name, sql.SQL("truncate {} cascade").format(into))


def _must_be_refused(report: Report, attacker: Attacker, name: str, statement: Any) -> None:
    report.attempts += 1
    try:
        with attacker.attempt():
            attacker.conn.execute(statement)
    except psycopg.Error:
        return
    report.add(attacker.name, name, f"lets {attacker.name} {statement.as_string()}")


def become_somebody(report: Report, attacker: Attacker, roles: list[str]) -> None:
    """Take another role or session, or switch the policies off."""
    for role in roles:
        for statement in (sql.SQL("set local role {}"), sql.SQL("set local session authorization {}")):
            _must_be_refused(report, attacker, role, statement.format(sql.Identifier(role)))


def use_own(report: Report, attacker: Attacker, tables: list[Table], own: list[Victim], granted: set[str]) -> None:
    """What a role was granted it must really see: an audit of logins that see nothing would prove nothing."""
    for table in tables:
        if table.name not in granted:
            continue
        for victim in own:
            if table.name not in victim.rows:
                continue
            statement = sql.SQL("select 1 from {} where tenant_id = %s limit 1").format(table.identifier)
            rows, _ = attacker.fetch(report, statement, [victim.tenant_id])
            if not rows:
                report.add(attacker.name, table.name, f"was granted to {attacker.name}, which sees nothing in it")


def call(report: Report, attacker: Attacker, functions: list[dict[str, Any]], *, keep: bool) -> Iterator[str]:
    """Every function with arguments that belong to the victim. Yields each name, for a look at the victim.

    Calls whose effects are kept put what the attacker knows of the victim into its own tenant, where a later answer
    may rightly show it: so answers are judged of calls that are rolled back.
    """
    victim = attacker.forbidden[0]
    for function in functions:
        name = function["name"]
        for arguments in _arguments(function["types"], victim):
            report.attempts += 1
            holes = sql.SQL(", ").join(
                sql.SQL("%s::{}").format(sql.SQL(kind)) for kind in function["types"][: len(arguments)]
            )
            invoke = sql.SQL("call {}({})" if function["is_procedure"] else "select * from {}({})")
            answer = _answer(attacker, invoke.format(sql.Identifier(*function["path"]), holes), arguments, keep)
            if not keep and name not in FINDS_TENANTS and _tells_more(answer, arguments, victim):
                report.add(attacker.name, name, f"tells {attacker.name} about another tenant")
        yield name


def _answer(attacker: Attacker, statement: Any, arguments: list[Any], keep: bool) -> Any:
    try:
        with attacker.attempt(keep=keep):
            cursor = attacker.conn.execute(statement, arguments)
            return cursor.fetchall() if cursor.description else []
    except psycopg.Error as e:
        return f"{e.diag.message_primary} {e.diag.message_detail}"


def _tells_more(answer: Any, arguments: list[Any], victim: Victim) -> bool:
    """Whether an answer has a mark of the victim that the caller did not put into the question."""
    asked = " ".join(str(argument) for argument in arguments).lower()
    said = str(answer).lower()
    return any(mark in said and mark not in asked for mark in victim.marks)


def _arguments(types: list[str], victim: Victim) -> Iterator[list[Any]]:
    """Argument lists: everything of the victim's that fits each parameter, in turn."""
    options = [_options(kind, victim) for kind in types]
    for turn in range(max((len(option) for option in options), default=1)):
        yield [option[turn % len(option)] for option in options]


def _options(kind: str, victim: Victim) -> list[Any]:
    rows = [value for row in victim.rows.values() for value in row.values() if value is not None]
    if kind == "uuid":
        return [victim.tenant_id, *sorted({v for v in rows if _is_uuid(v)} - {victim.tenant_id})][:8]
    if kind in ("text", "character varying", "name"):
        return [victim.slug, victim.mark, f"{victim.mark}@audit.example", victim.tenant_id, "core.tenant"]
    simple = {
        "integer": 1,
        "bigint": 1,
        "smallint": 1,
        "numeric": 1,
        "boolean": True,
        "date": "today",
        "timestamp with time zone": "now",
        "interval": "1 second",
        "jsonb": json.dumps({"tenant_id": victim.tenant_id}),
        "json": json.dumps({"tenant_id": victim.tenant_id}),
        "bytea": "\\x00",
        "regclass": "core.tenant",
    }
    if kind.endswith("[]"):
        return [f"{{{victim.tenant_id}}}" if kind in ("uuid[]", "text[]") else "{}"]
    return [simple.get(kind)]


def _is_uuid(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 36 and value.count("-") == 4
