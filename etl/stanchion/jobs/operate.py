"""The platform's periodic work: new and expired partitions, marts, statistics, and sessions over their limits.

Each run is a process of its own, `stanchion worker operate KIND`, whose session holds the lock of the kind. A worker
that is killed does not end the run, and a killed run loses its lock at once, so no two processes run a kind.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from threading import Event
from typing import IO, Any

import psycopg
from psycopg.types.json import Jsonb

from stanchion.errors import StanchionError
from stanchion.jobs.worker import JobResult, OnResult
from stanchion.progress import Report
from stanchion.server.connection import Connection, connect, require_operator, value
from stanchion.server.locate import Server

_PROGRAM = [sys.executable, "-c", "from stanchion.cli.main import main; main(prog_name='stanchion')"]
_OUTCOMES = {"done": "done", "ready": "failed", "dead": "dead"}

Facts = dict[str, Any]


def check_login(server: Server) -> None:
    """Raise StanchionError unless the login of the server operates the platform."""
    with connect(server) as conn:
        require_operator(conn)


def run_due(server: Server, kinds: Sequence[str], on_result: OnResult, report: Report) -> None:
    """Run the due work of these kinds, or of all kinds, one after the other."""
    if not kinds:
        with connect(server) as conn:
            kinds = _due(conn)
    for kind in kinds:
        if kind not in _WORK:
            raise StanchionError(f"The platform has no work '{kind}'; expected one of {', '.join(_WORK)}.")
        if result := _run(server, kind, report):
            on_result(result)


def _due(conn: Connection) -> list[str]:
    return [kind for (kind,) in conn.execute("select core.due_operations()").fetchall()]


def _run(server: Server, kind: str, report: Report) -> JobResult | None:
    """Run a kind when it is due and no other session runs it. The connection holds the lock of the kind."""
    with connect(server) as conn:
        leased_by = f"{socket.gethostname()}:{os.getpid()}"
        row = conn.execute("select run_id, attempt from core.lease_operation(%s, %s)", [kind, leased_by]).fetchone()
        if row is None:
            return None
        started = time.monotonic()
        facts: Facts = {}
        error: str | None = None
        try:
            facts, error = _WORK[kind](server, report)
        except psycopg.Error as e:
            error = (
                f"{e.sqlstate or 'connection lost'}: {e.diag.message_primary or str(e).strip().partition(chr(10))[0]}"
            )
        except (StanchionError, OSError) as e:
            error = str(e)
        state = _finish(server, conn, [*row, error, Jsonb(facts, dumps=lambda value: json.dumps(value, default=str))])
    took = (time.monotonic() - started) * 1000
    return JobResult(_OUTCOMES.get(state or "", "failed"), None, kind, row[0], row[1], None, took, error)  # type: ignore[arg-type]


def _finish(server: Server, conn: Connection, arguments: list[Any]) -> str | None:
    """Record the end of the run. None: the connection was lost during the run, and another process has the run now."""
    statement = "select core.finish_operation(%s, %s, %s, %s)"
    try:
        return value(conn, statement, arguments)  # type: ignore[no-any-return]
    except psycopg.OperationalError:
        with connect(server) as again:
            return value(again, statement, arguments)  # type: ignore[no-any-return]


def _partitions(server: Server, report: Report) -> tuple[Facts, str | None]:
    from stanchion.partitions import ahead, run
    from stanchion.partitions.step import PartitionResult, Waits

    results: list[PartitionResult] = []
    with connect(server) as conn, run.only_run(conn) as other:
        if other:
            raise StanchionError(f"Another run is in progress: {other}.")
        ahead.ensure(conn, lambda _: None, results.append, Waits())
        run.expire(conn, lambda _: None, results.append, Waits())
    alerts = [each for each in results if each.outcome in run.ALERTS]
    for each in alerts:
        report(f"{each.outcome} {each.relation} {each.day}: {each.reason}")
    error = f"{alerts[0].outcome} {alerts[0].relation} {alerts[0].day}: {alerts[0].reason}" if alerts else None
    return dict(Counter(each.outcome for each in results)), error


def _build(server: Server, report: Report) -> tuple[Facts, str | None]:
    from stanchion.marts import build

    result = build(server, report=report)
    facts = {"current": result.is_current, "models": result.count("model"), "tests": result.count("test")}
    error = f"{result.failed[0].name}: {result.failed[0].message}" if result.failed else None
    return facts, error


def _stats(server: Server, report: Report) -> tuple[Facts, str | None]:
    from stanchion.ops.stats import refresh

    with connect(server) as conn:
        return asdict(refresh(conn, report)), None


def _sessions(server: Server, report: Report) -> tuple[Facts, str | None]:
    from stanchion.ops.sessions import end_sessions, require_right_to_end

    with connect(server) as conn:
        require_right_to_end(conn)
        ended = end_sessions(conn)
    for each in ended:
        report(f"{each} It was ended.")
    return {"ended": len(ended)}, None


_WORK: dict[str, Callable[[Server, Report], tuple[Facts, str | None]]] = {
    "stanchion.build": _build,
    "stanchion.partitions": _partitions,
    "stanchion.sessions": _sessions,
    "stanchion.stats": _stats,
}


@dataclass(frozen=True)
class _Child:
    """A process that runs a kind, and the files of its output, which a pipe could block."""

    process: subprocess.Popen[bytes]
    out: IO[bytes]
    err: IO[bytes]


def spawn_due(server: Server, poll: float, stop: Event, on_result: OnResult, report: Report) -> None:
    """Start a process for each due kind until `stop` is set, then wait for the running ones."""
    children: dict[str, _Child] = {}
    while not stop.is_set():
        _collect(children, on_result, report)
        try:
            with connect(server) as conn:
                while not stop.is_set():
                    for kind in _due(conn):
                        if kind not in children:
                            children[kind] = _spawn(server, kind)
                    stop.wait(poll)
                    _collect(children, on_result, report)
        except psycopg.OperationalError:  # the worker reports the lost connection
            stop.wait(poll)
    while children:
        time.sleep(0.05)
        _collect(children, on_result, report)


def _spawn(server: Server, kind: str) -> _Child:
    out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - _collect closes them
    process = subprocess.Popen(
        [*_PROGRAM, "worker", "operate", kind, "--json"],
        env=os.environ
        | {"DATABASE_URL": server.dsn, "STANCHION_LOG": "text"},  # a command line would show the password
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        start_new_session=True,  # Ctrl-C ends the worker after its runs
    )
    return _Child(process, out, err)


def _collect(children: dict[str, _Child], on_result: OnResult, report: Report) -> None:
    """Report the runs of the processes that have ended."""
    for kind, child in list(children.items()):
        if child.process.poll() is None:
            continue
        del children[kind]
        with child.out, child.err:
            child.out.seek(0)
            child.err.seek(0)
            lines = child.out.read().decode().splitlines()
            error = child.err.read().decode().strip()
        results = [json.loads(line) for line in lines]
        for facts in results:
            if "outcome" in facts:
                on_result(JobResult(**{name: facts[name] for name in JobResult.__dataclass_fields__}))
            else:
                report(facts["message"])
        if child.process.returncode and not results:
            ended = error.splitlines()[-1] if error else f"exit code {child.process.returncode}"
            report(f"The process of {kind} ended without a result: {ended}")
