"""The command line in the process of the tests, for tests in which a process of its own proves nothing more.

A process needs a second to start, and three more to import dbt and parse its project.
"""

from click.testing import CliRunner

from stanchion.cli.main import main
from tests.conftest import Outcome


def call_stanchion(*args: str, database_url: str, **variables: str) -> Outcome:
    done = CliRunner(env={"DATABASE_URL": database_url} | variables, catch_exceptions=False).invoke(main, args)
    return Outcome(done.exit_code, done.stdout, done.stderr)
