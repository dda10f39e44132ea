"""A server for the tests of the pgTAP runner: the one STANCHION_TEST_DSN names, or a throw-away one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from etl.embedded import Embedded
from etl.pgtap.install import install


@pytest.fixture(scope="session")
def pgtap_dsn() -> Iterator[str]:
    """A database with pgTAP in it."""
    if dsn := os.environ.get("STANCHION_TEST_DSN"):
        install(dsn)
        yield dsn
        return
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o755)
        with Embedded(home=home, fast=True) as server:
            install(server.dsn("postgres"))
            yield server.dsn("postgres")


@pytest.fixture
def write_file(tmp_path: Path) -> Callable[[str], Path]:
    """Write a *.test.sql file."""

    def write(text: str, name: str = "promise.test.sql") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write
