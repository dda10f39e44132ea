"""pgtap-runner prints TAP, and its exit code is 0 when all tests pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stanchion.dev.pgtap.command import main

Write = Callable[..., Path]

GOOD = "begin;\nselect plan(1);\nselect ok(true, 'größer # 1');\nselect * from finish();\nrollback;\n"
BAD = GOOD.replace("true", "false")


@pytest.fixture
def command(pgtap_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Call pgtap-runner in the folder of the test files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", pgtap_dsn)
    return lambda *arguments: CliRunner().invoke(main, arguments)


Command = Callable[..., Result]


def test_passing_file_prints_tap_with_exit_code_0(command: Command, write_file: Write) -> None:
    write_file(GOOD, "good.test.sql")
    result = command("good.test.sql")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "TAP version 13",
        "1..1",
        "# Subtest: good.test.sql",
        "    ok 1 - größer \\# 1",
        "    1..1",
        "ok 1 - good.test.sql",
    ]


def test_failure_has_its_line_and_exit_code_1(command: Command, write_file: Write) -> None:
    write_file(BAD, "bad.test.sql")
    write_file(GOOD, "good.test.sql")
    result = command(".")
    assert result.exit_code == 1
    assert "not ok 1 - bad.test.sql\n# bad.test.sql:3: not ok 1 - größer # 1\n" in result.stdout
    assert "\nok 2 - good.test.sql\n" in result.stdout


def test_sql_error_does_not_stop_the_other_files(command: Command, write_file: Write) -> None:
    write_file("begin;\nselect 1/0;\nrollback;", "a.test.sql")
    write_file("begin;\ncommit;\nrollback;", "b.test.sql")
    write_file(GOOD, "c.test.sql")
    result = command(".")
    assert result.exit_code == 1
    assert "# a.test.sql:2: SQL error 22012: division by zero" in result.stdout
    assert "# b.test.sql:2: not isolated: commit in the middle" in result.stdout
    assert "\nok 3 - c.test.sql" in result.stdout


def test_folder_is_searched_and_each_file_runs_once(command: Command, write_file: Write, tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    write_file(GOOD, "deep/er/good.test.sql")
    write_file(BAD, "deep/not_a_test.sql")
    result = command("deep", "deep/er/good.test.sql", ".")
    assert "1..1\n# Subtest: deep/er/good.test.sql\n" in result.stdout


def test_skipped_file_is_reported_as_skipped(command: Command, write_file: Write) -> None:
    write_file(GOOD.replace("ok(true, 'größer # 1')", "skip('later', 1)"), "later.test.sql")
    assert "ok 1 - later.test.sql # SKIP later\n" in command("later.test.sql").stdout


def test_folder_without_test_files_is_a_usage_error(command: Command) -> None:
    result = command(".")
    assert (result.exit_code, "Error: no *.test.sql file in .." in result.stderr) == (2, True)


@pytest.mark.parametrize("arguments", [[], ["missing.test.sql"], ["--what"]])
def test_invalid_arguments_exit_with_code_2(command: Command, arguments: list[str]) -> None:
    assert command(*arguments).exit_code == 2


def test_missing_server_is_one_sentence_and_exit_code_1(command: Command, write_file: Write) -> None:
    write_file(GOOD, "good.test.sql")
    result = command("--dsn", "host=/nonexistent dbname=none", "good.test.sql")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: cannot connect to the test database: ")
    assert result.stderr.count("\n") == 1


def test_option_install_installs_pgtap(command: Command, write_file: Write) -> None:
    write_file(GOOD, "good.test.sql")
    result = command("--install", "good.test.sql")
    assert (result.exit_code, result.stderr) == (0, "pgTAP: already installed\n")


def test_help_contains_an_example() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    assert "pgtap-runner --install --dsn" in result.stdout
    assert "\\ir FILE" in result.stdout
