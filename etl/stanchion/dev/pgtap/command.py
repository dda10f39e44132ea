"""The console script pgtap-runner, which runs pgTAP files and prints TAP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from stanchion.dev.pgtap.install import install
from stanchion.dev.pgtap.runner import Outcome, run, shown
from stanchion.errors import StanchionError


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--dsn",
    envvar="DATABASE_URL",
    default="",
    show_envvar=True,
    help="Database to run in, as a libpq URL or string (default: PGHOST, PGDATABASE and the other PG* variables).",
)
@click.option(
    "--install",
    "install_first",
    is_flag=True,
    help="Install pgTAP into schema tap first, if it is missing (default: no).",
)
def main(paths: tuple[Path, ...], dsn: str, install_first: bool) -> None:
    """Run pgTAP files and print TAP. The changes of each file are rolled back.

    A folder means every *.test.sql below it. Each file gets a new connection whose search_path is
    tap, public, and must begin with begin; and end with rollback;. A line \\ir FILE includes the statements of
    FILE, as in psql; the path is relative to the test file.

    \b
    Example:
      pgtap-runner --install --dsn postgresql://localhost/stanchion_test tests/sql
      prove --exec pgtap-runner tests/sql/roles.test.sql

    Exit code 0: every file passed. 1: a file failed, or the database cannot be used. 2: wrong usage, or no file found.
    """
    files = list(_files(paths))
    if not files:
        raise click.UsageError(f"no *.test.sql file in {', '.join(map(str, paths))}.")
    try:
        if install_first:
            click.echo(f"pgTAP: {install(dsn)}", err=True)
        passed = _run_all(files, dsn)
    except StanchionError as error:
        raise click.ClickException(str(error)) from None
    raise SystemExit(0 if passed else 1)


def _files(paths: tuple[Path, ...]) -> Iterator[Path]:
    """Yield the given files and the test files below the given folders, each once."""
    found = (file for path in paths for file in (sorted(path.rglob("*.test.sql")) if path.is_dir() else [path]))
    yield from {file.resolve(): file for file in found}.values()


def _run_all(files: list[Path], dsn: str) -> bool:
    """Print TAP 13: one test per file, with the assertions of the file as its subtest. Return whether all passed."""
    click.echo(f"TAP version 13\n1..{len(files)}")
    passed = True
    for number, file in enumerate(files, start=1):
        outcome = run(file, dsn)
        passed = passed and outcome.ok
        click.echo("\n".join(_subtest(number, outcome)))
    return passed


def _subtest(number: int, outcome: Outcome) -> Iterator[str]:
    name = shown(outcome.path).replace("#", "\\#")
    yield f"# Subtest: {name}"
    for assertion in outcome.assertions:
        yield f"    {assertion}"
    yield f"    1..{len(outcome.assertions)}"
    skip = f" # SKIP {outcome.skipped}" if outcome.skipped else ""
    yield f"{'ok' if outcome.ok else 'not ok'} {number} - {name}{skip}"
    yield from (f"# {line}" for line in outcome.report().splitlines())
