"""The command line in the process of the tests, for tests in which a process of its own proves nothing more.

A process needs a second to start, and three more to import dbt and parse its project.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner

from stanchion.cli.main import main
from tests.conftest import Outcome
from tests.sessions import Db


def call_stanchion(*args: str, database_url: str, **variables: str) -> Outcome:
    done = CliRunner(env={"DATABASE_URL": database_url} | variables, catch_exceptions=False).invoke(main, args)
    return Outcome(done.exit_code, done.stdout, done.stderr)


@contextmanager
def running_worker(database_url: str, *args: str) -> Iterator[subprocess.Popen[str]]:
    """Run `stanchion worker` in a process of its own, and kill it at the end."""
    argv = [str(Path(sys.executable).with_name("stanchion")), "worker", *args]
    env = os.environ | {"DATABASE_URL": database_url, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(db: Db, condition: str, seconds: float = 60) -> None:
    """Wait until a condition of SQL holds."""
    until = time.monotonic() + seconds
    while not db.execute(f"select {condition}").fetchone()[0]:
        assert time.monotonic() < until, condition
        time.sleep(0.02)
