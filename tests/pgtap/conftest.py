"""A fixture that writes test files for the pgTAP runner."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def write_file(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a test file."""

    def write(text: str, name: str = "promise.test.sql") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write
