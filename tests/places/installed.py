"""An environment with only the wheel of Stanchion, as a place that installs it has one."""

import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass, field
from pathlib import Path

from stanchion.paths import ROOT
from stanchion.server.locate import LIBPQ_VARIABLES


def build_wheel(folder: Path) -> Path:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@dataclass(frozen=True)
class Environment:
    """A virtual environment in which the command of a place installs the wheel."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def make(self) -> None:
        venv.create(self.folder, with_pip=True, symlinks=True)

    def install(self, wheel: Path, *packages: Path) -> None:
        """Install the wheel, and make the packages of other folders importable."""
        python = self.folder / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel], check=True)
        self.add_dependencies(*packages)

    def add_dependencies(self, *packages: Path) -> None:
        """Make these packages and those of the tests importable. Their .pth files, as of the checkout, are ignored."""
        (own,) = self.folder.glob("lib/python*/site-packages")
        (own / "dependencies.pth").write_text("\n".join([*map(str, packages), sysconfig.get_path("purelib"), ""]))

    def run(self, script: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a script with bash as GitHub does, with the programs of the environment first on the path."""
        ours = ("DATABASE_URL", "PYTHONPATH", *LIBPQ_VARIABLES)
        inherited = {name: text for name, text in os.environ.items() if name not in ours}
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=cwd, env=inherited | self.variables | variables | {"PATH": path}, capture_output=True, text=True,
        )  # fmt: skip
