"""The wheel works without the checkout: it deploys to an empty database and runs the demo."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stanchion.paths import ROOT
from tests.conftest import open_folder, run_stanchion

SHIPPED = ("sql", "policies", "partitions", "dbt_project", "dbt_project.yml", "profiles.yml")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture
def program(wheel: Path) -> Iterator[Path]:
    """Install the wheel into a new environment that uses the dependencies of this one. Return its `stanchion`."""
    folder = open_folder("stanchion-wheel-")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", wheel],
        check=True, capture_output=True,
    )  # fmt: skip
    # A .pth file adds the dependencies at the end of the path. Their own .pth files, such as that of the checkout, are
    # ignored.
    (own,) = folder.glob("lib/python*/site-packages")
    (own / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    yield folder / "bin" / "stanchion"
    subprocess.run(["rm", "-rf", folder], check=True)


def test_the_wheel_contains_exactly_the_tracked_files(wheel: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("the tracked files are unknown outside of a git checkout")
    listed = subprocess.run(["git", "ls-files", "etl", *SHIPPED], cwd=ROOT, check=True, capture_output=True, text=True)
    tracked = {
        path.removeprefix("etl/") if path.startswith("etl/") else f"stanchion/_shipped/{path}"
        for path in listed.stdout.splitlines()
    }
    with zipfile.ZipFile(wheel) as archive:
        contained = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert contained == tracked


@pytest.mark.slow
@pytest.mark.long
def test_the_wheel_runs_the_demo_on_an_empty_database(empty_dsn: str, program: Path, tmp_path: Path) -> None:
    def run(*args: str) -> str:
        outcome = run_stanchion(
            *args, program=program, cwd=tmp_path, database_url=empty_dsn,
            DBT_TARGET_PATH=str(tmp_path / "target"), PYTHONPATH="", PYTHONDONTWRITEBYTECODE="1",
        )  # fmt: skip
        assert outcome.code == 0, outcome.out + outcome.err
        return outcome.out

    python = program.with_name("python")
    where = subprocess.run(
        [python, "-c", "import stanchion; print(stanchion.__file__)"], capture_output=True, text=True, cwd="/"
    )
    assert Path(where.stdout.strip()).is_relative_to(program.parents[1])
    assert "40 games loaded." in run("demo", "--yes")
    assert "Nothing new" in run("build")
    assert "Up to date" in run("deploy")
    run("verify")
    run("report", "--tenant", "harbour", "--out", "harbour.html")
    assert "Copper Pots" in (tmp_path / "harbour.html").read_text()
