"""The units for systemd and the crontab are valid, hardened, and run commands that exist."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .cli_reference import ROOT
from .test_commands import parse

FOLDER = ROOT / "docs/operations/systemd"
UNITS = sorted(FOLDER.glob("*.service"))
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not on this machine")


def analyze(*args: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(ANALYZE), *args], capture_output=True, text=True, check=False)


def command_of(unit: Path) -> str:
    (command,) = re.findall(r"^ExecStart=(.+)$", unit.read_text(), re.MULTILINE)
    return str(command)


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_accepts_the_unit(unit: Path, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("stanchion")
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("/opt/stanchion/.venv/bin/stanchion", str(program)))
    verified = analyze("verify", copy)
    assert (verified.returncode, verified.stderr) == (0, "")
    copy.write_text(copy.read_text().replace("ProtectSystem=strict", "ProtectSystm=strict"))
    assert "'ProtectSystm'" in analyze("verify", copy).stderr


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_unit_is_hardened(unit: Path) -> None:
    rated = analyze("security", "--offline=true", "--threshold=20", "--no-pager", unit)
    assert rated.returncode == 0, rated.stdout


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_command_of_the_unit_exists(unit: Path) -> None:
    program, *words = shlex.split(command_of(unit))
    assert program == "/opt/stanchion/.venv/bin/stanchion"
    parse(["stanchion", *words], in_prose=False)
    assert "DATABASE_URL" not in unit.read_text().replace("# DATABASE_URL", "")  # every user can read a unit
    assert unit.name in (ROOT / "docs/operations/jobs.md").read_text()


def test_each_line_of_the_crontab_is_a_command_that_exists() -> None:
    lines = (FOLDER / "stanchion.crontab").read_text().splitlines()
    entries = [line for line in lines if line and not line.startswith("#") and not re.match(r"\w+=", line)]
    assert len(entries) == 2
    for line in entries:
        *_, user, command = line.split(maxsplit=6)
        assert user == "stanchion"
        program, *words = shlex.split(command)
        assert program == "/opt/stanchion/.venv/bin/stanchion"
        parse(["stanchion", *words], in_prose=False)
