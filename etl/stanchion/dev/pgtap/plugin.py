"""Collect pgTAP files as pytest tests: one *.test.sql file is one node.

A node is an ordinary test function that requests the fixture `pgtap_dsn`, the connection string of a
database with pgTAP in it; markers, timeouts and hooks that look at fixturenames treat it like any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stanchion.dev.pgtap.runner import run, shown
from stanchion.errors import StanchionError


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> PgTapFile | None:
    if file_path.name.endswith(".test.sql"):
        return PgTapFile.from_parent(parent, path=file_path)
    return None


class PgTapFile(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        def assertions(pgtap_dsn: str) -> None:
            _report_outcome(self.path, pgtap_dsn)

        name = self.path.name.removesuffix(".test.sql")
        yield PgTapTest.from_parent(self, name=name, callobj=assertions)


class PgTapTest(pytest.Function):
    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, shown(self.path)


def _report_outcome(path: Path, dsn: str) -> None:
    """Fail or skip the pytest test according to the outcome of the file, without a traceback of this package."""
    try:
        outcome = run(path, dsn)
    except StanchionError as error:
        pytest.fail(str(error), pytrace=False)
    if not outcome.ok:
        pytest.fail(outcome.report(), pytrace=False)
    if outcome.skipped:
        raise pytest.skip.Exception(outcome.skipped, _use_item_location=True)
