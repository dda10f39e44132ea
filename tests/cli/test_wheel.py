"""The wheel works without the checkout: it deploys the same modules, and runs the demo on an empty database."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from stanchion.paths import ROOT
from tests.conftest import open_folder, run_stanchion

SHIPPED = ("sql", "policies", "partitions", "dbt_project", "dbt_project.yml", "profiles.yml")
REPEATABLE = "landing/function/remove_format"  # a module on which no other module depends


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
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
        page = f"stanchion-{version('stanchion')}.data/data/share/man/man1/stanchion.1"
        assert archive.read(page) == (ROOT / "docs" / "stanchion.1").read_bytes()
    assert contained == tracked | {page}


def test_the_wheel_installs_the_manual_page(program: Path) -> None:
    """man finds a page in share/man beside the bin of the path."""
    page = program.parents[1] / "share" / "man" / "man1" / "stanchion.1"
    assert page.read_text().startswith(".TH STANCHION 1")


@pytest.fixture
def run(program: Path, tmp_path: Path) -> Callable[..., str]:
    """Return a function that runs the installed command on a database, and returns its output."""

    def run(database_url: str, *args: str) -> str:
        outcome = run_stanchion(
            *args, program=program, cwd=tmp_path, database_url=database_url,
            DBT_TARGET_PATH=str(tmp_path / "target"), PYTHONPATH="", PYTHONDONTWRITEBYTECODE="1",
        )  # fmt: skip
        assert outcome.code == 0, outcome.out + outcome.err
        return outcome.out

    return run


@pytest.mark.slow
@pytest.mark.long
def test_the_wheel_deploys_the_modules_of_the_checkout(run: Callable[..., str], program: Path, dsn: str) -> None:
    python = program.with_name("python")
    where = subprocess.run(
        [python, "-c", "import stanchion; print(stanchion.__file__)"],
        capture_output=True, text=True, cwd="/", env=os.environ | {"PYTHONPATH": ""},
    )  # fmt: skip
    assert Path(where.stdout.strip()).is_relative_to(program.parents[1])
    assert run(dsn, "--version") == f"stanchion, version {version('stanchion')}\n"
    assert "Up to date" in run(dsn, "deploy")  # every module of the wheel has the text that the checkout deployed
    assert "1 module reverted." in run(dsn, "revert", "--only", REPEATABLE, "--yes")
    assert REPEATABLE in run(dsn, "deploy")
    run(dsn, "verify")


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.exhaustive
def test_the_wheel_runs_the_demo_on_an_empty_database(run: Callable[..., str], empty_dsn: str, tmp_path: Path) -> None:
    assert "40 games loaded." in run(empty_dsn, "demo", "--yes")
    assert "Nothing new" in run(empty_dsn, "build")
    assert "Up to date" in run(empty_dsn, "deploy")
    run(empty_dsn, "verify")
    run(empty_dsn, "report", "--tenant", "harbour", "--out", "harbour.html")
    assert "Copper Pots" in (tmp_path / "harbour.html").read_text()


def find_python(release: str) -> str:
    """Return the interpreter of a release of Python on the path or of pyenv, or skip the test."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    for found in (f"python{release}", *map(str, pyenv.glob(f"{release}.*/bin/python"))):
        check = f"import sys, venv, ensurepip; sys.exit('%d.%d' % sys.version_info[:2] != '{release}')"
        try:
            if subprocess.run([found, "-c", check], capture_output=True).returncode == 0:
                return found
        except FileNotFoundError:
            continue
    pytest.skip(f"Python {release} is not on this machine.")


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.exhaustive
@pytest.mark.timeout(900)
@pytest.mark.parametrize("release", [release for release in ("3.11", "3.12", "3.13") if release not in sys.version[:4]])
def test_the_wheel_runs_the_demo_on_each_python(empty_dsn: str, wheel: Path, tmp_path: Path, release: str) -> None:
    """The packages come from the registry, in the versions of constraints.txt."""
    subprocess.run([find_python(release), "-m", "venv", tmp_path / "venv"], check=True, capture_output=True)
    programs = tmp_path / "venv" / "bin"
    install = [programs / "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel]
    subprocess.run(install, check=True, capture_output=True, cwd=tmp_path)
    outcome = run_stanchion(
        "demo", "--yes", program=programs / "stanchion", cwd=tmp_path, database_url=empty_dsn,
        DBT_TARGET_PATH=str(tmp_path / "target"), PYTHONPATH="",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert "40 games loaded." in outcome.out
