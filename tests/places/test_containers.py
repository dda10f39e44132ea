"""The services of docs/places/containers run on a server, and the image has everything that they need.

No container engine runs here. So the tests run the commands of the files without one, and linters read the files.
"""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from stanchion.paths import ROOT
from tests.cli.test_worker import MAKE, enqueue
from tests.conftest import PROGRAM, Outcome, open_folder, run_stanchion
from tests.program import wait_for
from tests.provided import provide
from tests.sessions import Db

FOLDER = ROOT / "docs" / "places" / "containers"
LINTERS = "tests/places/linters.txt"


@pytest.fixture
def services() -> dict[str, Any]:
    return dict(yaml.safe_load((FOLDER / "compose.yml").read_text())["services"])


def instructions(stage: int) -> list[tuple[str, str]]:
    """Return the instructions of a stage of the Dockerfile with their arguments."""
    text = re.sub(r"^#.*\n", "", (FOLDER / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.partition(" ") for line in text.splitlines() if line]
    starts = [number for number, line in enumerate(lines) if line[0] == "FROM"] + [len(lines)]
    return [(name, argument) for name, _, argument in lines[starts[stage] : starts[stage + 1]]]


@pytest.mark.slow
@pytest.mark.long
def test_the_services_deploy_and_run_jobs(
    db: Db, dsn: str, tenants: dict[str, str], make_login: Callable[..., str], services: dict[str, Any]
) -> None:
    deployed = run_stanchion(*services["deploy"]["command"], database_url=dsn)
    assert (deployed.code, "Up to date" in deployed.out) == (0, True), deployed.err
    db.execute(MAKE)
    worker = services["worker"]
    login = make_login("stanchion_worker")
    with subprocess.Popen(
        [PROGRAM, *worker["command"]], stdout=subprocess.PIPE, text=True, env=os.environ | {"DATABASE_URL": login}
    ) as process:
        try:
            enqueue(db, tenants["ours"], count=3)
            wait_for(db, "(select count(*) from core.job_done) = 3")
            assert health(worker, login).code == 0
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=int(worker["stop_grace_period"].removesuffix("s")))
        finally:
            process.kill()
    assert (process.returncode, out) == (0, "3 done.\n")
    assert health(worker, login + " port=1").code == 1


def health(service: dict[str, Any], database_url: str) -> Outcome:
    kind, program, *arguments = service["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "stanchion")
    return run_stanchion(*arguments, database_url=database_url)


@pytest.mark.slow
@pytest.mark.long
def test_the_image_reports_its_health_by_its_exit_code(dsn: str) -> None:
    (argument,) = [argument for name, argument in instructions(1) if name == "HEALTHCHECK"]
    command = yaml.safe_load(argument.partition("CMD ")[2])
    ended = [run_stanchion(*command[1:], database_url=url) for url in (dsn, f"{dsn} port=1")]
    assert ended[0].code in (0, 1, 2)
    assert "checks" in ended[0].out
    assert (ended[1].code, ended[1].out.startswith("STANCHION UNKNOWN")) == (3, True)


def test_the_server_has_the_newest_security_fixes(services: dict[str, Any]) -> None:
    checks = (ROOT / "etl" / "stanchion" / "ops" / "checks.sql").read_text()
    newest = re.findall(r"array\[15, 16, 17, 18\], array\[\d+, \d+, \d+, (\d+)\]", checks)
    version = re.fullmatch(r"postgres:18\.(\d+)-bookworm", services["db"]["image"])
    assert version
    assert int(version[1]) >= max(map(int, newest))


def test_the_services_have_no_password_and_no_privilege(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if "ports" in service] == []
    for name in ("deploy", "worker"):
        assert (services[name]["read_only"], services[name]["cap_drop"]) == (True, ["ALL"])
    passwords = re.findall(r"password\w*: *(\S+)|://\w+:([^@]*)@", (FOLDER / "compose.yml").read_text(), re.IGNORECASE)
    assert len(passwords) == 3
    assert all("".join(pair).startswith("${") for pair in passwords)
    assert ("USER", "10001") in instructions(1)


@pytest.mark.exhaustive
@pytest.mark.long
def test_the_commands_of_the_image_install_stanchion(dsn: str) -> None:
    """Runs the commands in folders of this machine, with the files that the build context contains."""
    provide("python-packages", LINTERS)  # skips the test where no registry can be reached
    folder = open_folder("stanchion-image-")
    wanted = (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()
    assert wanted[0] == "**"
    (folder / "src").mkdir()
    for name in (line.removeprefix("!") for line in wanted[1:]):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / "src" / name)
    (folder / "opt").mkdir()
    try:
        for stage in (0, 1):
            for name, argument in instructions(stage):
                if name == "RUN" and not argument.startswith("useradd"):
                    script = re.sub(r"(?<=[ =])/(opt|dist)\b", rf"{folder}/\1", argument)
                    subprocess.run(["sh", "-ec", script], cwd=folder / "src", check=True, capture_output=True)
                elif name == "COPY" and argument != ". .":
                    source, to = argument.removeprefix("--from=wheel ").split()
                    where = folder / "src" / source if source[0] != "/" else f"{folder}{source}"
                    subprocess.run(["cp", "-r", where, f"{folder}{to}"], check=True)
        program = folder / "opt" / "stanchion" / "bin" / "stanchion"
        outcome = run_stanchion("deploy", program=program, database_url=dsn, cwd=folder)
        assert (outcome.code, "Up to date" in outcome.out) == (0, True), outcome.err
        assert run_stanchion("worker", "run", "--once", program=program, database_url=dsn, cwd=folder).code == 0
    finally:
        shutil.rmtree(folder)


def hadolint(file: Path) -> bool:
    return (
        subprocess.run([f"{provide('python-packages', LINTERS)}/hadolint", file], capture_output=True).returncode == 0
    )


def schema(file: Path) -> bool:
    program = f"{provide('python-packages', LINTERS)}/check-jsonschema"
    done = subprocess.run([program, "--builtin-schema", "vendor.compose-spec", file], capture_output=True)
    return done.returncode == 0


@pytest.mark.exhaustive
@pytest.mark.long
@pytest.mark.parametrize(
    ("linter", "name", "change"),
    [
        (hadolint, "Dockerfile", (":3.13-slim-bookworm", "")),
        (hadolint, "Dockerfile", ("USER 10001", "USER root")),
        (schema, "compose.yml", ("cap_drop: [ALL]", "cap_drop: ALL")),
        (schema, "compose.yml", ("condition: service_healthy", "condition: healthy")),
    ],
)
def test_linters_find_nothing_in_the_files(
    linter: Callable[[Path], bool], name: str, change: tuple[str, str], tmp_path: Path
) -> None:
    text = (FOLDER / name).read_text()
    changed = tmp_path / name
    changed.write_text(text)
    assert linter(changed)
    assert change[0] in text
    changed.write_text(text.replace(*change))
    assert not linter(changed)
