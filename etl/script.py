"""Send a SQL file as it is, in one message, and say file and line when the server refuses it.

The server splits the statements. The little scanner here only finds where they begin, for messages
and for the check that a file does not end the transaction it runs in; nothing is executed by it.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from psycopg import errors
from psycopg.pq import DiagnosticField, ExecStatus

from etl.database import Connection
from etl.errors import StanchionError

_TOKEN = re.compile(
    r"""(?P<skip>--[^\n]*|/\*.*?\*/|\s+)
      |(?P<end>;)
      |[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | (?P<tag>\$\w*\$).*?(?P=tag)
      |\w+ | .""",
    re.DOTALL | re.VERBOSE,
)
_ENDS_TRANSACTION = re.compile(r"(abort|begin|commit|end|prepare\s+transaction|rollback|savepoint|start)\b", re.I)


class ScriptError(StanchionError):
    """The server refused a statement of a file."""


def read_sql(path: Path) -> str:
    """The text of a SQL file, with line ends as Postgres and git count them."""
    try:
        return path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as e:
        raise StanchionError(f"{path} is not UTF-8: byte {e.start} cannot be read; save the file as UTF-8.") from e


def statement_starts(text: str) -> Iterator[int]:
    """Where each statement of a script begins."""
    inside = False
    for token in _TOKEN.finditer(text):
        if token["end"]:
            inside = False
        elif not token["skip"] and not inside:
            inside = True
            yield token.start()


def transaction_control(text: str) -> int | None:
    """The line of the first statement that would end or begin a transaction, if there is one."""
    for start in statement_starts(text):
        if _ENDS_TRANSACTION.match(text, start):
            return line_at(text, start)
    return None


def line_at(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def run_script(conn: Connection, path: Path | str, text: str) -> None:
    """Run a script as one message; raise ScriptError with file:line, or LockNotAvailable to try again."""
    conn.pgconn.send_query(text.encode())
    done, refused = 0, None
    while result := conn.pgconn.get_result():
        if result.status == ExecStatus.FATAL_ERROR:
            refused = result
        else:
            done += 1
    if refused is None:
        return
    error = errors.error_from_result(refused)
    if isinstance(error, errors.LockNotAvailable):
        raise error
    position = refused.error_field(DiagnosticField.STATEMENT_POSITION)
    starts = list(statement_starts(text))
    offset = int(position) - 1 if position else starts[done] if done < len(starts) else 0
    more = [part for part in (error.diag.message_detail, error.diag.message_hint) if part]
    raise ScriptError(
        "\n  ".join([f"{path}:{line_at(text, offset)}: {error.diag.message_primary or error}", *more])
    ) from error
