"""Checks of a database: a statement that should be true, and an alert for each violation."""

from dataclasses import dataclass, field

from stanchion.server.connection import Connection


@dataclass(frozen=True)
class Alert:
    """A violation of a check, and the remedy."""

    problem: str
    remedy: str


@dataclass(frozen=True)
class Check:
    """A statement about the database (the promise), with its violations."""

    promise: str
    alerts: list[Alert] = field(default_factory=list)


def run_check(conn: Connection, text: str) -> Check:
    """Run a query of ops/checks.sql: its first line is the promise, and each of its rows is (problem, remedy)."""
    promise = text.partition("\n")[0].removeprefix("-- ")
    return Check(promise, [Alert(*row) for row in conn.execute(text.encode()).fetchall()])
