"""Commands import only the modules that they need, which keeps their start fast."""

import subprocess
import sys

import pytest

# psycopg and everything that imports it, the benchmarks, the report, and the slowest libraries
HEAVY = {"dbt", "jinja2", "msgspec", "multiprocessing", "psycopg", "python_calamine", "rich"}
PROGRAM = """
import sys
from stanchion.cli.main import main
try:
    main()
finally:
    print("\\n".join(sys.modules), file=sys.stderr)
"""


def imported(*args: str) -> set[str]:
    """Run a command without a server, and return the modules that it imported."""
    dsn = "postgresql://unknown@127.0.0.1:1/nothing"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *args], env={"DATABASE_URL": dsn}, capture_output=True, text=True
    )
    assert "Traceback" not in done.stderr
    return set(done.stderr.splitlines())


@pytest.mark.parametrize("args", [["--version"], ["--help"], ["-h"], ["no-such-command"]])
def test_the_program_itself_imports_no_command(args: list[str]) -> None:
    modules = imported(*args)
    assert modules & HEAVY == set()
    assert {name for name in modules if name.startswith("stanchion.")} == {
        "stanchion.cli", "stanchion.cli.lazy", "stanchion.cli.main", "stanchion.cli.output", "stanchion.errors",
        "stanchion.progress",
    }  # fmt: skip


@pytest.mark.parametrize(
    "args",
    [["status"], ["tenant", "list"], ["login", "list"], ["partitions", "status"], ["worker", "run"], ["stats", "age"]],
)
def test_a_command_about_the_database_imports_few_libraries(args: list[str]) -> None:
    modules = imported(*args)
    assert modules & HEAVY == {"psycopg"}
    assert not any(name.startswith(("stanchion.dev", "stanchion.ingest", "stanchion.marts")) for name in modules)


@pytest.mark.parametrize("args", [["load", ".", "--tenant", "ours"], ["games", "loads", "--tenant", "ours"]])
def test_a_load_imports_neither_dbt_nor_the_progress_bar(args: list[str]) -> None:
    assert imported(*args) & {"dbt", "jinja2", "rich"} == set()
