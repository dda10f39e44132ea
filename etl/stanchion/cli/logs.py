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


class _Log:
    """The log of the command that runs, with its name."""

    def __init__(self, command: str) -> None:
        self.command, self.started = command, time.monotonic()

    def write(self, name: str, level: str, **facts: Any) -> None:
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "level": level,
            "command": self.command,
            "event": name,
            "tenant": facts.get("tenant"),
            "counts": facts.get("counts") or {},
            "exit_code": facts.get("exit_code"),
            "duration_ms": facts.get("duration_ms"),
            "error": facts.get("error"),
            "message": facts.get("message"),
        }
        click.echo(output.json_text(line), err=True)

    def end(self, exit_code: int, error: str | None = None) -> None:
        took = (time.monotonic() - self.started) * 1000
        level = "error" if exit_code or error else "info"
        self.write("end", level, exit_code=exit_code, duration_ms=round(took, 1), error=error)


_active: _Log | None = None


def is_json() -> bool:
    """Return whether the log of the command is JSON."""
    return _active is not None


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
    """Write a line to a log of JSON; in text mode, the command prints what people read."""
    if _active is not None:
        rounded = None if duration_ms is None else round(duration_ms, 1)
        _active.write(name, level, tenant=tenant, counts=counts, duration_ms=rounded, error=error, message=message)


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
        if log_format == "text":
            return command(*args, **kwargs)
        log = _Log(click.get_current_context().command_path.partition(" ")[2])
        with _writing(log):
            return _run(log, command, args, kwargs)

    return wrapped


@contextmanager
def _writing(log: _Log) -> Iterator[None]:
    """Send the events and the remarks of the body to a log of JSON."""
    global _active
    _active = log
    output.send_notes(lambda text: log.write("note", "info", message=text))
    try:
        log.write("start", "info")
        yield
    finally:
        _active = None
        output.send_notes(None)


def _run(log: _Log, command: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Run the command. An error ends it with a line of the log instead of a sentence, and with the same exit code."""
    try:
        result = command(*args, **kwargs)
    except click.exceptions.Exit as e:
        log.end(e.exit_code)
        raise
    except click.ClickException as e:
        log.end(e.exit_code, e.format_message())
        raise click.exceptions.Exit(e.exit_code) from e
    except (StanchionError, psycopg.Error) as e:
        log.end(1, sentence(e))
        raise click.exceptions.Exit(1) from e
    except BrokenPipeError:
        raise
    except OSError as e:
        log.end(1, f"{e.filename or 'The operating system'}: {e.strerror or e}.")
        raise click.exceptions.Exit(1) from e
    except KeyboardInterrupt:
        log.end(130, "interrupted")
        raise
    except BaseException as e:
        log.end(1, f"{type(e).__name__}: {e}")
        raise
    log.end(0)
    return result
