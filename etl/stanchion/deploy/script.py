"""Send a SQL file unchanged in one message, and name the file and the line when the server refuses it."""

from __future__ import annotations

import selectors
from collections.abc import Iterator
from pathlib import Path

from psycopg import errors, pq

from stanchion.deploy.statements import line_at, split
from stanchion.errors import StanchionError
from stanchion.server.connection import Connection


class ScriptError(StanchionError):
    """The server refused a statement of a file."""


def read_sql(path: Path) -> str:
    """Return the text of a SQL file, with line ends as Postgres and git count them."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as e:
        line = path.read_bytes().count(b"\n", 0, e.start) + 1
        raise StanchionError(f"{path}:{line}: is not UTF-8; save the file as UTF-8.") from e
    if "\0" in text:  # libpq would send only the text before it, without an error
        raise StanchionError(f"{path}:{line_at(text, text.index(chr(0)))}: contains a NUL character; remove it.")
    return text


def run_script(conn: Connection, path: Path | str, text: str) -> None:
    """Run a script as one message. Raise ScriptError with file:line, or the error itself when a retry may help."""
    done = 0
    try:
        for result in results(conn.pgconn, text):
            if result.status == pq.ExecStatus.FATAL_ERROR:
                raise _refusal(path, text, done, result)
            done += 1
    except KeyboardInterrupt:  # the server must not keep its locks
        conn.cancel_safe(timeout=5)
        raise
    finally:
        while conn.pgconn.get_result():
            pass


def _refusal(path: Path | str, text: str, done: int, result: pq.abc.PGresult) -> Exception:
    error = errors.error_from_result(result)
    if isinstance(error, errors.LockNotAvailable | errors.DeadlockDetected):
        return error
    position = result.error_field(pq.DiagnosticField.STATEMENT_POSITION)
    line = line_at(text, int(position) - 1) if position else _line_of_statement(text, done)
    said = f"{path}:{line}: {error.diag.message_primary or str(error).strip()}"
    refusal = ScriptError("\n  ".join([said, *_remarks(error)]))
    refusal.__cause__ = error
    return refusal


def _line_of_statement(text: str, number: int) -> int:
    statements = list(split(text))
    return statements[number].line if number < len(statements) else 1


def _remarks(error: errors.Error) -> list[str]:
    """Return detail, hint and context of an error, without the hint to drop dependent objects."""
    if isinstance(error, errors.ActiveSqlTransaction):
        return ["Move the statement into a file of its own that begins with '-- no-transaction'."]
    hint = None if isinstance(error, errors.DependentObjectsStillExist) else error.diag.message_hint
    where = (error.diag.context or "").partition("\n")[0]
    return [part.replace("\n", "\n  ") for part in (error.diag.message_detail, hint, where) if part]


def results(pgconn: pq.abc.PGconn, text: str) -> Iterator[pq.abc.PGresult]:
    """Yield the result of each statement. It waits in Python, which can be interrupted; libpq alone cannot."""
    pgconn.send_query(text.encode())
    with selectors.DefaultSelector() as selector:
        selector.register(pgconn.socket, selectors.EVENT_READ)
        while True:
            while pgconn.is_busy():
                selector.select()
                pgconn.consume_input()
            result = pgconn.get_result()
            if result is None:
                return
            if result.status == pq.ExecStatus.COPY_IN:
                pgconn.put_copy_end(b"a file cannot read from stdin")
            elif result.status == pq.ExecStatus.COPY_OUT:
                while pgconn.get_copy_data(0)[0] > 0:
                    pass
            else:
                yield result
