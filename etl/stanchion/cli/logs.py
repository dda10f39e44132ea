"""Logs for programs: with --log-format json, a command writes JSON objects with the same keys, one a line, on stderr.

Text is the default, and stays what people read. docs/operations/logs.md describes the keys.
"""

import functools
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click
import psycopg

from stanchion.cli import output
from stanchion.cli.errors import sentence
from stanchion.errors import StanchionError
from stanchion.telemetry import Traces, open_traces


class _Log:
    """The log of JSON of the command that runs, with its name."""

    def __init__(self, command: str) -> None:
        self.command, self.started = command, time.monotonic()

    def event(self, name: str, level: str, facts: Mapping[str, Any]) -> None:
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "level": level,
            "command": self.command,
            "event": name,
            "tenant": facts.get("tenant"),
            "counts": facts.get("counts") or {},
            "exit_code": facts.get("exit_code"),
            "duration_ms": None if facts.get("duration_ms") is None else round(facts["duration_ms"], 1),
            "error": facts.get("error"),
            "message": facts.get("message"),
        }
        click.echo(output.json_text(line), err=True)

    def end(self, exit_code: int, error: str | None) -> None:
        took = (time.monotonic() - self.started) * 1000
        level = "error" if exit_code or error else "info"
        self.event("end", level, {"exit_code": exit_code, "duration_ms": took, "error": error})


_observers: list[_Log | Traces] = []


def is_json() -> bool:
    """Return whether the log of the command is JSON."""
    return any(isinstance(each, _Log) for each in _observers)


def event(
    name: str,
    level: str = "info",
    *,
    tenant: str | None = None,
    counts: Mapping[str, int] | None = None,
    duration_ms: float | None = None,
    error: str | None = None,
    message: str | None = None,
) -> None:
    """Write a line to a log of JSON, and a span to OpenTelemetry; the command itself prints what people read."""
    facts = {"tenant": tenant, "counts": counts, "duration_ms": duration_ms, "error": error, "message": message}
    for each in _observers:
        each.event(name, level, facts)


def log_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Accept --log-format, and write the start, the remarks, the errors and the end of the command to the log."""

    @click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        envvar="STANCHION_LOG",
        show_envvar=True,
        help="Form of the log on stderr. With json, each line is an object.",
    )
    @functools.wraps(command)
    def wrapped(*args: Any, log_format: str, **kwargs: Any) -> Any:
        path = click.get_current_context().command_path.partition(" ")[2]
        log = _Log(path) if log_format == "json" else None
        with _observed([each for each in (log, open_traces(path)) if each is not None]):
            if log is None:
                return command(*args, **kwargs)
            try:
                return command(*args, **kwargs)
            except (click.ClickException, StanchionError, psycopg.Error, OSError) as e:
                if isinstance(e, BrokenPipeError):
                    raise
                raise click.exceptions.Exit(_outcome(e)[0]) from e  # the error is the last line of the log

    return wrapped


@contextmanager
def _observed(observers: list[_Log | Traces]) -> Iterator[None]:
    """Send the events, the remarks, the error and the end of the body to the observers."""
    exit_code, error = 0, None
    _observers[:] = observers
    if is_json():
        output.send_notes(lambda text: event("note", message=text))
    try:
        event("start")
        yield
    except BaseException as e:
        exit_code, error = _outcome(e.__cause__ if isinstance(e, click.exceptions.Exit) and e.__cause__ else e)
        raise
    finally:
        for each in observers:
            each.end(exit_code, error)
        _observers.clear()
        output.send_notes(None)


def _outcome(e: BaseException) -> tuple[int, str | None]:
    """Return the exit code of a command that ends with this exception, and its sentence."""
    match e:
        case click.exceptions.Exit():
            return e.exit_code, None
        case click.ClickException():
            return e.exit_code, e.format_message()
        case StanchionError() | psycopg.Error():
            return 1, sentence(e)
        case OSError():
            return 1, f"{e.filename or 'The operating system'}: {e.strerror or e}."
        case KeyboardInterrupt():
            return 130, "interrupted"
        case _:
            return 1, f"{type(e).__name__}: {e}"
