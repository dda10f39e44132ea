"""The attacks of a login on a tenant that is not its own, and the findings when one succeeds.

Every attempt is a transaction that is rolled back. Calls of functions are also made in transactions that are committed,
and an operator's connection then looks for effects on the victim.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from stanchion.audit.findings import AuditResult
from stanchion.audit.seed import Table, Victim
from stanchion.server.connection import Connection, value

FINDS_TENANTS = {
    "core.tenant_for_domain(p_domain text)": "its purpose is to return the tenant of a public host name",
    "core.due_queues(p_queue text)": "its purpose is to return the tenants that have jobs",
}


@dataclass
class Attacker:
    """A connection, the settings of its attempts, and the tenants whose rows it must not see."""

    name: str
    conn: Connection
    forbidden: list[Victim]
    settings: dict[str, str] = field(default_factory=dict)
    readable: frozenset[str] = frozenset()  # columns that it may read of every tenant

    @contextmanager
    def attempt(self, *, keep: bool = False) -> Iterator[None]:
        """Run the body in a transaction with the settings of the attacker; commit it only with `keep`."""
        settings = {"lock_timeout": "1s"} | self.settings
        with self.conn.transaction(force_rollback=not keep):
            self.conn.execute(
                "select set_config(s.name, s.text, true) from unnest(%s::text[], %s::text[]) as s (name, text)",
                [list(settings), list(settings.values())],
            )
            yield

    def fetch(self, result: AuditResult, statement: Any, values: Any = None) -> tuple[list[Any], str]:
        """Return the rows of a statement and the text of its error. Both can leak data."""
        result.attempts += 1
        try:
            with self.attempt():
                return self.conn.execute(statement, values).fetchall(), ""
        except psycopg.Error as e:
            return [], f"{e.diag.message_primary} {e.diag.message_detail} {e.diag.message_hint}"

    def count(self, result: AuditResult, statement: Any, values: Any = None) -> int:
        """Return the number of rows that a writing statement changed, or 0 when it was refused."""
        result.attempts += 1
        try:
            with self.attempt():
                return self.conn.execute(statement, values).rowcount
        except psycopg.errors.UniqueViolation:
            return 1  # this error reveals that the other tenant's row exists
        except psycopg.Error:
            return 0


def read(result: AuditResult, attacker: Attacker, relations: dict[str, list[str]]) -> None:
    """Read every relation: all columns, single columns, and a cast that fails with a value in its error message.

    The first attempt ignores the privileges in the catalogs. Single columns are tried when all columns are readable, or
    when the login has a privilege on any column.
    """
    for name, columns in relations.items():
        relation = sql.Identifier(*name.split(".", 1))
        is_whole = _look(result, attacker, name, sql.SQL("select * from {}").format(relation))
        if not is_whole and not _may_read_some_of(attacker, relation):
            continue
        for column in [sql.Identifier(each) for each in columns if f"{name}.{each}" not in attacker.readable]:
            if not is_whole:
                _look(result, attacker, name, sql.SQL("select {} from {}").format(column, relation))
            failing = sql.SQL("select 1 from {} where {}::text::integer = 1").format(relation, column)
            _look(result, attacker, name, failing)


def _may_read_some_of(attacker: Attacker, relation: sql.Identifier) -> bool:
    """Return whether the login has a SELECT privilege on any column."""
    with attacker.attempt():
        try:
            return bool(value(attacker.conn, "select has_any_column_privilege(%s, 'select')", [relation.as_string()]))
        except psycopg.errors.InsufficientPrivilege:  # the login may not use the schema
            return False


def read_catalogs(result: AuditResult, attacker: Attacker, catalogs: list[str]) -> None:
    """Search the system views (statistics, activity, comments, settings) for data of other tenants."""
    marks = [f"%{mark}%" for victim in attacker.forbidden for mark in victim.marks]
    for name in catalogs:
        catalog = sql.Identifier(*name.split(".", 1))
        found = sql.SQL("select 1 from {} as t where t::text ilike any (%s) limit 1").format(catalog)
        if attacker.fetch(result, found, [marks])[0]:
            result.add(attacker.name, name, f"shows data of another tenant to {attacker.name}")


def _look(result: AuditResult, attacker: Attacker, name: str, statement: Any) -> bool:
    """Run a statement, add findings for leaks in its rows or error, and return whether it succeeded."""
    rows, error = attacker.fetch(result, statement)
    for victim in attacker.forbidden:
        if any(victim.is_in(row) for row in rows):
            result.add(attacker.name, name, f"shows rows of another tenant to {attacker.name}")
        if victim.is_in(error):
            result.add(attacker.name, name, f"shows data of another tenant to {attacker.name} in an error message")
    return not error


def write(result: AuditResult, attacker: Attacker, tables: list[Table], victim: Victim, own: Victim | None) -> None:
    """Try to insert, update, delete and truncate rows of the victim, and to move own rows to it."""
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
            attempts["move rows to"] = (
                sql.SQL("update {} set tenant_id = %s where tenant_id = %s").format(into),
                [victim.tenant_id, own.tenant_id],
            )
        for verb, (statement, values) in attempts.items():
            if attacker.count(result, statement, values) > 0:
                result.add(attacker.name, table.name, f"lets {attacker.name} {verb} another tenant")
        _must_be_refused(result, attacker, table.name, sql.SQL("truncate {} cascade").format(into))


def _must_be_refused(result: AuditResult, attacker: Attacker, name: str, statement: Any) -> None:
    result.attempts += 1
    try:
        with attacker.attempt():
            attacker.conn.execute(statement)
    except psycopg.Error:
        return
    result.add(attacker.name, name, f"lets {attacker.name} {statement.as_string()}")


def change_role(result: AuditResult, attacker: Attacker, roles: list[str]) -> None:
    """Try to change to another role or to another session user."""
    for role in roles:
        for statement in (sql.SQL("set local role {}"), sql.SQL("set local session authorization {}")):
            _must_be_refused(result, attacker, role, statement.format(sql.Identifier(role)))


def use_own(result: AuditResult, attacker: Attacker, tables: list[Table], own: list[Victim], granted: set[str]) -> None:
    """Check that a login sees the own rows that its role may read. Otherwise its failed attacks would prove nothing."""
    for table in tables:
        if table.name not in granted:
            continue
        for victim in own:
            if table.name not in victim.rows:
                continue
            statement = sql.SQL("select 1 from {} where tenant_id = %s limit 1").format(table.identifier)
            rows, _ = attacker.fetch(result, statement, [victim.tenant_id])
            if not rows:
                result.add(attacker.name, table.name, f"is granted to {attacker.name}, which sees no rows in it")


def call(result: AuditResult, attacker: Attacker, functions: list[dict[str, Any]], *, keep: bool) -> Iterator[str]:
    """Call every function with arguments of the victim. Yield each name after its calls.

    Results are checked only without `keep`: a committed call can store the victim's marks, which the arguments contain,
    in the attacker's own tenant, and a later result may contain them.
    """
    victim = attacker.forbidden[0]
    for function in functions:
        name = function["name"]
        for arguments in _arguments(function["types"], victim):
            result.attempts += 1
            parameters = sql.SQL(", ").join(
                sql.SQL("%s::{}").format(sql.SQL(kind)) for kind in function["types"][: len(arguments)]
            )
            invoke = sql.SQL("call {}({})" if function["is_procedure"] else "select * from {}({})")
            answer = _answer(attacker, invoke.format(sql.Identifier(*function["path"]), parameters), arguments, keep)
            if not keep and name not in FINDS_TENANTS and _leaks(answer, arguments, victim):
                result.add(attacker.name, name, f"shows data of another tenant to {attacker.name}")
        yield name


def _answer(attacker: Attacker, statement: Any, arguments: list[Any], keep: bool) -> Any:
    try:
        with attacker.attempt(keep=keep):
            cursor = attacker.conn.execute(statement, arguments)
            return cursor.fetchall() if cursor.description else []
    except psycopg.Error as e:
        return f"{e.diag.message_primary} {e.diag.message_detail}"


def _leaks(answer: Any, arguments: list[Any], victim: Victim) -> bool:
    """Return whether the answer contains a mark of the victim that the arguments did not contain."""
    given = " ".join(str(argument) for argument in arguments).lower()
    text = str(answer).lower()
    return any(mark in text and mark not in given for mark in victim.marks)


def _arguments(types: list[str], victim: Victim) -> Iterator[list[Any]]:
    """Yield argument lists that together use every value of the victim that fits each parameter."""
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
