"""Sessions of clients: list them with the work they hold back, and end those over the limits of their role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg.rows import class_row, dict_row

from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.server.connection import Connection, require_deployed, value


@dataclass(frozen=True)
class OverLimit:
    """A session that is over a limit of its role."""

    pid: int
    login: str
    role_name: str
    reason: str

    def __str__(self) -> str:
        return f"Session {self.pid} of {self.login} ({self.role_name}) has {self.reason}."


def list_sessions(conn: Connection) -> list[dict[str, Any]]:
    """Return the sessions of clients, those nearest to a limit first."""
    require_deployed(conn)
    return conn.cursor(row_factory=dict_row).execute(query("ops", "sessions")).fetchall()


def list_limits(conn: Connection) -> list[dict[str, Any]]:
    """Return the limits of each role."""
    require_deployed(conn)
    return conn.cursor(row_factory=dict_row).execute(query("ops", "session_limits")).fetchall()


def may_end_sessions(conn: Connection) -> bool:
    """Return whether this login sees and ends sessions of other logins. A worker of a cluster has no limits."""
    if not value(conn, "select to_regprocedure('ops.end_sessions()') is not null"):
        return False
    return bool(value(conn, "select ops.may_end_sessions()"))


def over_limits(conn: Connection) -> list[OverLimit]:
    """Return the sessions that end_sessions would end now."""
    require_deployed(conn)
    cursor = conn.cursor(row_factory=class_row(OverLimit))
    return cursor.execute(query("ops", "sessions_over_limits")).fetchall()


def require_right_to_end(conn: Connection) -> None:
    """Raise StanchionError unless this login may end sessions of other logins."""
    require_deployed(conn)
    if not may_end_sessions(conn):
        raise StanchionError(
            f"{conn.info.user} may not end sessions of other logins; as a superuser, run: "
            f"grant pg_read_all_stats, pg_signal_backend to {conn.info.user}"
        )


def end_sessions(conn: Connection) -> list[OverLimit]:
    """End the sessions over a limit, and return them."""
    cursor = conn.cursor(row_factory=class_row(OverLimit))
    return cursor.execute("select pid, login, role_name, reason from ops.end_sessions()").fetchall()
