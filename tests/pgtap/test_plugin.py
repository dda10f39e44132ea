"""Under pytest a pgTAP file is a test that can be selected, marked, timed out and reported."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]
Pytest = Callable[..., "subprocess.CompletedProcess[str]"]

FILE = "begin;\nselect plan(1);\nselect {};\nselect * from finish();\nrollback;\n"
CONFTEST = """
import pytest

@pytest.fixture
def pgtap_dsn():
    return {dsn!r}

def pytest_collection_modifyitems(items):
    for item in items:
        if "pgtap_dsn" in item.fixturenames and "slow" in item.name:
            item.add_marker(pytest.mark.timeout(1, method="signal"))
"""


@pytest.fixture
def pytest_run(pgtap_dsn: str, tmp_path: Path) -> Pytest:
    """Run pytest with the plugin in the folder of the test files."""
    (tmp_path / "conftest.py").write_text(CONFTEST.format(dsn=pgtap_dsn))
    call = [sys.executable, "-m", "pytest", "-ra"]
    for plugin in ("stanchion.dev.pgtap.plugin", "pytest_timeout", "no:cacheprovider"):
        call += ["-p", plugin]
    env = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # the other plugins need a second

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*call, *arguments], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    return run


def test_file_is_one_test_without_a_traceback(pytest_run: Pytest, write_file: Write) -> None:
    write_file(FILE.format("ok(true)"), "good.test.sql")
    write_file(FILE.format("is(1, 2, 'sums agree')"), "bad.test.sql")
    write_file(FILE.format("skip('needs 16', 1)"), "later.test.sql")
    result = pytest_run("-v")
    assert result.returncode == 1
    assert "good.test.sql::good PASSED" in result.stdout
    assert "bad.test.sql::bad FAILED" in result.stdout
    assert "later.test.sql::later SKIPPED (needs 16)" in result.stdout
    assert "bad.test.sql:3: not ok 1 - sums agree\n    have: 1\n    want: 2" in result.stdout
    assert "Traceback" not in result.stdout
    assert "runner.py" not in result.stdout


@pytest.mark.slow
def test_file_can_be_selected_and_timed_out(pytest_run: Pytest, write_file: Write) -> None:
    write_file(FILE.format("ok(true)"), "good.test.sql")
    write_file(FILE.format("pg_sleep(60)"), "slow.test.sql")
    assert "1 passed, 1 deselected" in pytest_run("-k", "good").stdout
    assert "1 passed" in pytest_run("good.test.sql::good").stdout
    assert "Timeout (>1.0s)" in pytest_run("slow.test.sql").stdout


def test_missing_server_is_one_sentence(pytest_run: Pytest, write_file: Write, tmp_path: Path) -> None:
    write_file(FILE.format("ok(true)"), "good.test.sql")
    (tmp_path / "conftest.py").write_text(CONFTEST.format(dsn="host=/nonexistent"))
    result = pytest_run()
    assert "cannot connect to the test database: " in result.stdout
    assert "Traceback" not in result.stdout
