"""The attacks of a login on a tenant that is not its own, and the findings when one succeeds.

Every attempt is a transaction that is rolled back. Calls of functions are also made in transactions that are committed,
and an operator's connection then looks for effects on the victim.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from stanchion.audit.findings import AuditResult
from stanchion.audit.seed import Table, Victim
from stanchion.paths import query
from stanchion.server.connection import Connection

FINDS_TENANTS = {
    "core.tenant_for_domain(p_domain text)": "its purpose is to return the tenant of a public host name",
    "core.due_queues(p_queue text)": "its purpose is to return the tenants that have jobs",
    "core.due_queues_of_cluster(p_queue text)": "the same on a cluster",
    "core.due_queues_of_node(p_queue text)": "the same for the tenants of one node",
}


_SUCCEEDED = "AUDIT"  # the SQLSTATE with which the query attempts rolls a successful statement back
_UNIQUE_VIOLATION = "23505"


@dataclass(frozen=True)
class Answer:
    """The result of an attempt: its SQLSTATE, the number of rows, and the value read or the text of the error."""

    state: str
    rows: int
    text: str

    @property
    def succeeded(self) -> bool:
        return self.state == _SUCCEEDED


@dataclass
class Attacker:
    """A connection, the settings of its attempts, and the tenants whose rows it must not see."""

    name: str
    conn: Connection
    forbidden: list[Victim]
    settings: dict[str, str] = field(default_factory=dict)
    readable: frozenset[str] = frozenset()  # columns that it may read of every tenant
    reaches_nodes: bool = False  # its settings are sent to the other nodes of a cluster

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Run the body in a transaction with the settings of the attacker, and roll it back."""
        with self.conn.transaction(force_rollback=True):
            self.conn.execute(self._settings())
            yield

    def run(self, statement: Any, values: Any = None, *, keep: bool = False) -> tuple[psycopg.Cursor[Any], bool]:
        """Run a statement in a transaction of its own, which is committed only with `keep`.

        The transaction is one message to the server: an audit makes tens of thousands. Return the cursor at the result
        of the statement, and whether the statement wrote anything, which is known only with `keep`.
        """
        script = sql.SQL("begin; {settings}; {statement}; {end}").format(
            settings=self._settings(),
            statement=sql.SQL(psycopg.ClientCursor(self.conn).mogrify(statement, values)),
            end=sql.SQL("select pg_current_xact_id_if_assigned() is not null; commit" if keep else "rollback"),
        )
        try:
            cursor = self.conn.execute(script)
        except psycopg.Error:
            if self.conn.info.transaction_status == psycopg.pq.TransactionStatus.INERROR:
                self.conn.execute("rollback")
            raise
        wrote = False
        if keep:
            cursor.set_result(3)
            wrote = cursor.fetchall() == [(True,)]
        cursor.set_result(2)  # after the results of begin and of the settings
        return cursor, wrote

    def _settings(self) -> sql.Composed:
        """Return the statement that makes the settings for the transaction."""
        settings = {"lock_timeout": "1s"} | self.settings
        calls = [
            sql.SQL(
                "core.set_local({}, {})" if self.reaches_nodes and "." in name else "set_config({}, {}, true)"
            ).format(name, text)
            for name, text in settings.items()
        ]
        return sql.SQL("select {}").format(sql.SQL(", ").join(calls))

    def try_all(self, result: AuditResult, statements: Sequence[sql.Composable]) -> list[Answer]:
        """Run statements in one message to the server, each rolled back, and return their answers."""
        result.attempts += len(statements)
        texts = json.dumps([statement.as_string(self.conn) for statement in statements])
        script = sql.SQL(
            "begin; {settings}, set_config('stanchion.attempts', {texts}, true); {attempts}; "
            "select current_setting('stanchion.answers')::jsonb; rollback"
        ).format(settings=self._settings(), texts=texts, attempts=sql.SQL(query("audit", "attempts")))
        cursor = self.conn.execute(script)
        cursor.set_result(3)
        (answers,) = cursor.fetchall()
        return [Answer(*answer) for answer in answers[0]]

    def contains(self, result: AuditResult, name: str) -> bool:
        """Return whether a relation contains a mark of another tenant.

        The marks are parameters, since the text of the statement is in pg_stat_activity.
        """
        marks = [f"%{mark}%" for victim in self.forbidden for mark in victim.marks]
        found = sql.SQL("select from {} as t where t::text ilike any (%s) limit 1").format(
            sql.Identifier(*name.split(".", 1))
        )
        result.attempts += 1
        try:
            with self.attempt():
                return self.conn.execute(found, [marks]).rowcount > 0
        except psycopg.Error:
            return False


def read(result: AuditResult, attacker: Attacker, relations: dict[str, list[str]]) -> None:
    """Read every relation: all columns, single columns, and a cast that fails with a value in its error message.

    The first attempt ignores the privileges in the catalogs. Single columns are tried when all columns are readable, or
    when the login has a privilege on any column.
    """
    with attacker.attempt():
        in_part = {name for (name,) in attacker.conn.execute(query("audit", "readable_in_part").encode())}
    whole = [
        sql.SQL("select string_agg(t::text, ' ') from {} as t").format(sql.Identifier(*name.split(".", 1)))
        for name in relations
    ]
    for (name, columns), answer in zip(relations.items(), attacker.try_all(result, whole), strict=True):
        _look(result, attacker, name, answer)
        if not answer.succeeded and name not in in_part:
            continue
        relation, statements = sql.Identifier(*name.split(".", 1)), []
        for column in [sql.Identifier(each) for each in columns if f"{name}.{each}" not in attacker.readable]:
            if not answer.succeeded:
                single = sql.SQL("select string_agg(t.{}::text, ' ') from {} as t")
                statements.append(single.format(column, relation))
            failing = sql.SQL("select count(*)::text from {} as t where t.{}::text::integer = 1")
            statements.append(failing.format(relation, column))
        for each in attacker.try_all(result, statements):
            _look(result, attacker, name, each)


def _look(result: AuditResult, attacker: Attacker, name: str, answer: Answer) -> None:
    """Add findings for data of other tenants in an answer."""
    if any(victim.is_in(answer.text) for victim in attacker.forbidden):
        what = "rows" if answer.succeeded else "data"
        where = "" if answer.succeeded else " in an error message"
        result.add(attacker.name, name, f"shows {what} of another tenant to {attacker.name}{where}")


def read_catalogs(result: AuditResult, attacker: Attacker, catalogs: list[str]) -> None:
    """Search the system views (statistics, activity, comments, settings) for data of other tenants."""
    for name in catalogs:
        if attacker.contains(result, name):
            result.add(attacker.name, name, f"shows data of another tenant to {attacker.name}")


def read_elsewhere(result: AuditResult, attacker: Attacker) -> None:
    """Search the relations outside our schemas that a login may read, and further catalogs, for other tenants' data."""
    with attacker.attempt():
        names = [name for (name,) in attacker.conn.execute(query("audit", "reachable_elsewhere").encode())]
    read_catalogs(result, attacker, names)


def write(result: AuditResult, attacker: Attacker, tables: list[Table], victim: Victim, own: Victim | None) -> None:
    """Try to insert, update, delete and truncate rows of the victim, and to move own rows to it."""
    for table in tables:
        into, columns = table.identifier, sql.SQL(", ").join(map(sql.Identifier, table.writable))
        row = json.dumps(victim.rows.get(table.name, {}))
        theirs = sql.Literal(victim.tenant_id)
        forged = sql.SQL("insert into {into} ({c}) select {c} from jsonb_populate_record(null::{into}, {row}::jsonb)")
        attempts = {
            "insert rows of": forged.format(into=into, c=columns, row=row),
            "delete rows of": sql.SQL("delete from {} where tenant_id = {}").format(into, theirs),
            "update rows of": sql.SQL("update {} set tenant_id = tenant_id where tenant_id = {}").format(into, theirs),
        }
        if own:
            attempts["move rows to"] = sql.SQL("update {} set tenant_id = {} where tenant_id = {}").format(
                into, theirs, sql.Literal(own.tenant_id)
            )
        truncate = sql.SQL("truncate {} cascade").format(into)
        *answers, truncated = attacker.try_all(result, [*attempts.values(), truncate])
        for verb, answer in zip(attempts, answers, strict=True):
            # a unique violation reveals that the other tenant's row exists
            if answer.rows > 0 or answer.state == _UNIQUE_VIOLATION:
                result.add(attacker.name, table.name, f"lets {attacker.name} {verb} another tenant")
        if truncated.succeeded:
            result.add(attacker.name, table.name, f"lets {attacker.name} {truncate.as_string()}")


def _must_be_refused(result: AuditResult, attacker: Attacker, name: str, statement: Any) -> None:
    result.attempts += 1
    try:
        attacker.run(statement)
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
            statement = sql.SQL("select count(*)::text from {} where tenant_id = {}")
            (answer,) = attacker.try_all(result, [statement.format(table.identifier, sql.Literal(victim.tenant_id))])
            if not answer.succeeded or answer.text == "0":
                result.add(attacker.name, table.name, f"is granted to {attacker.name}, which sees no rows in it")


def call(result: AuditResult, attacker: Attacker, functions: list[dict[str, Any]], *, keep: bool) -> Iterator[str]:
    """Call every function with arguments of the victim. With `keep`, commit, and yield a name after a call that wrote.

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
            statement = invoke.format(sql.Identifier(*function["path"]), parameters)
            answer, wrote = _answer(attacker, statement, arguments, keep)
            if wrote:
                yield name
            if not keep and name not in FINDS_TENANTS and _leaks(answer, arguments, victim):
                result.add(attacker.name, name, f"shows data of another tenant to {attacker.name}")


def _answer(attacker: Attacker, statement: Any, arguments: list[Any], keep: bool) -> tuple[Any, bool]:
    """Return the rows of a call or the text of its error, and whether it wrote anything."""
    try:
        cursor, wrote = attacker.run(statement, arguments, keep=keep)
        return (cursor.fetchall() if cursor.description else []), wrote
    except psycopg.Error as e:
        return f"{e.diag.message_primary} {e.diag.message_detail}", False


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
