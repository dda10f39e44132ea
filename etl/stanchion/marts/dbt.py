"""Run dbt in this process, connected through environment variables.

All code that depends on dbt's Python API is in this module and in repeated.py. Importing dbt takes a second, so it is
imported at the first build. The parsed project is kept in memory for later builds of the same process, such as
`stanchion watch --build`, and in a file for other processes.
"""

import contextlib
import dataclasses
import gc
import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stanchion.marts import kept
from stanchion.marts.project import PROJECT, parsed_version, target
from stanchion.marts.repeated import keep_compiled, share_types
from stanchion.server.locate import Server

SOURCES = "STANCHION_SOURCES"  # prefix of the schemas of the sources, in dbt_project/models/staging/_sources.yml
THREADS = "STANCHION_BUILD_THREADS"  # number of sessions of a build, in profiles.yml

OnEvent = Callable[[Any], None]

_FILE = "parsed"
_alone = threading.Lock()  # dbt and the environment variables are shared by the whole process
_parsed: dict[Path, tuple[str, Any]] = {}
_OUTCOMES = {"success": "built", "pass": "passed", "warn": "passed", "skipped": "skipped"}


@dataclass(frozen=True)
class Node:
    """Outcome of one model or test."""

    name: str
    kind: str  # model, seed or test
    outcome: str  # built, unchanged, passed, failed or skipped
    seconds: float
    rows: int | None
    message: str  # when it failed: the error of the server, the file and the line


def invoke(
    server: Server, arguments: list[str], settings: dict[str, str], on_event: OnEvent, *, prefix: str = ""
) -> str | None:
    """Run a dbt command and return the reason when it could not run.

    Every connection of the run gets `settings`. The schemas of the sources begin with `prefix`.
    """
    with _alone, _without_collector():
        from mashumaro.config import BaseConfig

        # dbt generates methods of all its classes from text, and a build calls few of them
        BaseConfig.lazy_compilation = True
        from dbt.cli.main import dbtRunner

        _keep_sessions()
        share_types()
        folder = target(server, prefix)
        places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(folder)]
        quiet = ["--quiet", "--log-level", "none", "--log-level-file", "none"]
        quiet += ["--log-path", str(folder), "--no-use-colors"]
        with _environment(server, settings, prefix):
            version = parsed_version(prefix)
            if _parsed.get(folder, ("", None))[0] != version and not _read_parsed(folder, version):
                # The JSON of the project, which nothing here reads, takes as long as reading the parsed project.
                outcome = dbtRunner().invoke([*quiet, "--no-write-json", "parse", *places])
                if not outcome.success:
                    return _sentence(outcome.exception)
                _keep_parsed(folder, version, outcome.result)
            # The results arrive as events, so dbt need not write JSON files. `docs` reads its own files.
            lean = [] if arguments[0] == "docs" else ["--no-write-json"]
            with keep_compiled(folder, version):
                outcome = dbtRunner(manifest=_parsed[folder][1], callbacks=[on_event]).invoke(
                    [*quiet, *lean, *arguments, *places]
                )
    return _sentence(outcome.exception) if outcome.exception else None


def _read_parsed(folder: Path, version: str) -> bool:
    """Read the parsed project, and return whether another process has kept it in this version."""
    from dbt.contracts.graph.manifest import Manifest

    if fields := kept.read(folder / _FILE, version):
        _parsed[folder] = (version, Manifest(**fields))
    return bool(fields)


def _keep_parsed(folder: Path, version: str, parsed: Any) -> None:
    """Keep the parsed project. dbt computes its private fields, such as a lock, when they are needed."""
    _parsed[folder] = (version, parsed)
    fields = {field.name: getattr(parsed, field.name) for field in dataclasses.fields(parsed)}
    kept.write(folder / _FILE, version, {name: value for name, value in fields.items() if not name.startswith("_")})


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Collect no garbage: most objects of dbt are kept to the end, and a collection visits all of them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _keep_sessions() -> None:
    """Let each thread of dbt keep its session until the end of a run.

    dbt opens a session for each model and test. A new session reads the catalog entries of every partition again, which
    takes longer than most models.
    """
    from dbt.adapters.postgres.connections import PostgresConnectionManager
    from psycopg2.extensions import (  # type: ignore[import-untyped]
        STATUS_BEGIN,
        TRANSACTION_STATUS_IDLE,
        TRANSACTION_STATUS_INTRANS,
    )

    close = PostgresConnectionManager.release

    def release(manager: Any) -> None:
        session = manager.get_if_exists()
        if session is None or session.state != "open" or session.handle.closed:
            close(manager)
            return
        status = session.handle.get_transaction_status()
        if status not in (TRANSACTION_STATUS_IDLE, TRANSACTION_STATUS_INTRANS):
            close(manager)  # after an error
            return
        with session.handle.cursor() as cursor:
            if status == TRANSACTION_STATUS_IDLE and session.handle.status == STATUS_BEGIN:
                # dbt sent COMMIT as a query, so psycopg2 would roll back a transaction that has ended, with a warning
                cursor.execute("begin")
            session.handle.rollback()
            session.transaction_open = False
            # dbt sets the role in the first transaction, which may be rolled back
            cursor.execute(f"set role {session.credentials.role}")
            session.handle.commit()

    if close.__module__ != __name__:
        setattr(PostgresConnectionManager, "release", release)  # noqa: B010 - mypy refuses the assignment


def read_node(event: Any) -> Node:
    """Convert dbt's event for a finished model or test."""
    info, result = event.data.node_info, event.data.run_result
    answer = dict(result.adapter_response) if result.adapter_response else {}
    rows = answer.get("rows_affected")
    outcome = _OUTCOMES.get(str(info.node_status), "failed")
    if outcome == "built" and str(answer.get("code")) == "SELECT":
        outcome, rows = "unchanged", None  # the materialization wrote no rows
    where = f"{info.node_relation.schema}." if info.resource_type in ("model", "seed") else ""
    message = ""
    if outcome == "failed":
        compiled = _compiled(info)
        message = f"dbt_project/models/{info.node_path}" if info.resource_type == "model" else info.node_name
        message += f": {_place(str(result.message), compiled)}"
    return Node(
        name=f"{where}{info.node_name}",
        kind=str(info.resource_type),
        outcome=outcome,
        seconds=float(result.execution_time),
        rows=None if rows is None or rows == "" else int(float(rows)),
        message=message,
    )


def _compiled(info: Any) -> Path | None:
    """Return the file with the SQL that was sent to the server. dbt writes it before it runs the model."""
    for _, parsed in _parsed.values():
        node = parsed.nodes.get(info.unique_id)
        if node and node.compiled_path:
            return Path(node.compiled_path)
    return None


def _place(message: str, compiled: Path | None) -> str:
    """Shorten an error of the server to one line, and add the line of the compiled file that it points at."""
    lines = [line.strip() for line in message.strip().splitlines() if line.strip()]
    texts = [
        line for line in lines if not re.match(r"(Database|Runtime|Compilation) Error|LINE \d+|\^|compiled code", line)
    ]
    text = " ".join(texts[:3]) or " ".join(lines[:1])
    if compiled is None:
        return text
    pointed = next((match[1] for line in lines if (match := re.match(r"LINE \d+: (.*)", line))), None)
    number = None
    if pointed and compiled.is_file():
        needle = pointed.strip(". ")
        source = compiled.read_text(encoding="utf-8").splitlines()
        number = next((n for n, line in enumerate(source, 1) if needle and needle in line), None)
    return f"{text}\n  {compiled}{f':{number}' if number else ''}"


def _sentence(exception: BaseException | None) -> str:
    lines = [line.strip() for line in str(exception).strip().splitlines() if line.strip()]
    return " ".join(lines[:4])


@contextlib.contextmanager
def _environment(server: Server, settings: dict[str, str], prefix: str) -> Iterator[None]:
    """Replace libpq's variables by those of the server while dbt runs, and set the prefix of the sources."""
    before = {name: text for name, text in os.environ.items() if name.startswith("PG") or name in (SOURCES, THREADS)}
    own = server.environment()
    own[THREADS] = before.get(THREADS) or str(min(max(os.cpu_count() or 2, 2), 8))
    options = [own.get("PGOPTIONS", ""), *(f"-c {name}={text}" for name, text in settings.items())]
    own["PGOPTIONS"] = " ".join(option for option in options if option)
    if prefix:
        own[SOURCES] = prefix
    _replace(before, own)
    try:
        yield
    finally:
        _replace(own, before)


def _replace(old: dict[str, str], new: dict[str, str]) -> None:
    for name in old:
        os.environ.pop(name, None)
    os.environ.update(new)
