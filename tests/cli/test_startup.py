"""Commands import only the modules that they need, which keeps their start fast."""

import subprocess
import sys
from importlib.metadata import version

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


def test_version_is_printed_without_click() -> None:
    program = "import sys; from stanchion.cli.start import main; main(); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program, "--version"], capture_output=True, text=True)
    assert done.stdout == f"stanchion, version {version('stanchion')}\n"
    modules = set(done.stderr.split())
    assert {name for name in modules if name.startswith("stanchion")} == {
        "stanchion", "stanchion.cli", "stanchion.cli.start"
    }  # fmt: skip
    assert modules & {"click", "importlib.metadata", *HEAVY} == set()


@pytest.mark.parametrize("args", [[], ["--version", "--quiet"], ["--help"], ["no-such-command"]])
def test_the_program_does_what_the_group_of_commands_does(args: list[str]) -> None:
    """Only --version alone has a way of its own."""
    done = [
        subprocess.run(
            [sys.executable, "-c", f"from stanchion.cli.{module} import main; main()", *args],
            capture_output=True,
            text=True,
        )
        for module in ("start", "main")
    ]
    assert (done[0].returncode, done[0].stdout, done[0].stderr) == (done[1].returncode, done[1].stdout, done[1].stderr)


@pytest.mark.parametrize("args", [["--version"], ["--help"], ["-h"], ["no-such-command"]])
def test_the_program_itself_imports_no_command(args: list[str]) -> None:
    modules = imported(*args)
    assert modules & (HEAVY | {"json", "unicodedata"}) == set()
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
