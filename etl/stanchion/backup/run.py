"""Run pg_dump and pg_restore, and report their progress."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from stanchion.errors import StanchionError
from stanchion.progress import Report
from stanchion.server.locate import Server
from stanchion.server.programs import find_program

_EVERY = 5.0  # seconds between two lines of progress
_TABLE = ("dumping contents of table", "processing data for table", "finished item")


def run_reporting(server: Server, name: str, arguments: Sequence[str | Path], tables: int, report: Report) -> None:
    """Run pg_dump or pg_restore, and raise StanchionError with its error when it fails.

    When this process is killed, the next line of progress ends the program, because its pipe is closed.
    """
    program = find_program(server, name)
    command = [program.path, "--verbose", "--no-password", *arguments]
    finished, reported, last = 0, time.monotonic(), f"{name} was killed"
    with subprocess.Popen(
        command, env=program.environment(server) | {"LC_MESSAGES": "C", "LANGUAGE": ""}, stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, errors="replace",
    ) as process:  # fmt: skip
        try:
            for line in process.stderr or ():
                if "error: " in line or "ERROR: " in line:
                    last = line.strip().removeprefix(f"{name}: ")
                finished += any(part in line for part in _TABLE)
                if time.monotonic() - reported > _EVERY:
                    reported = time.monotonic()
                    report(f"{name}: {min(finished, tables)} of {tables} tables")
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise StanchionError(f"{name} failed: {last.removeprefix('error: ').rstrip('.')}.")
