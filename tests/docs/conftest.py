"""The demo, which runs once. The pages and the test of the demo use copies of its server."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from stanchion.server.embedded import Embedded
from tests.conftest import Outcome, open_folder, run_stanchion


@dataclass(frozen=True)
class Demo:
    folder: Path  # contains the home of the server
    outcome: Outcome

    @property
    def target(self) -> str:
        """Return the folder of dbt, which parses the project once for all copies."""
        return str(self.folder / "target")


@pytest.fixture(scope="session")
def prepared() -> Iterator[Demo]:
    """Run the demo in an empty home."""
    folder = open_folder("stanchion-docs-")
    outcome = run_stanchion("demo", STANCHION_HOME=str(folder / "home"), DBT_TARGET_PATH=str(folder / "target"))
    assert outcome.code == 0, outcome.err
    yield Demo(folder, outcome)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(prepared: Demo) -> Iterator[Path]:
    """Yield a copy of the home of the demo. Its server is stopped."""
    folder = open_folder("stanchion-page-")
    subprocess.run(["cp", "-a", prepared.folder / "home", folder / "home"], check=True)
    try:
        yield folder / "home"
    finally:
        Embedded(folder / "home").purge()
        shutil.rmtree(folder, ignore_errors=True)
