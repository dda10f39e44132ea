"""Generators write typed clients from the description without a warning, and compilers refuse a wrong use of them."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest

from stanchion.paths import ROOT
from tests.conftest import run_stanchion
from tests.docs.blocks import blocks
from tests.provided import provide
from tests.serve.conftest import Stats

PAGE = ROOT / "docs" / "serve.md"
NPM = ("openapi-typescript", "7.13.0", "openapi-fetch", "0.17.0", "typescript", "5.9.3")
# Changes of use.py and use.ts, and the error of the compiler.
WRONG = {
    "py": [
        ("game.side, game.score_for]", "game.side, game.score_four]", '"FactTeamGame" has no attribute "score_four"'),
        ('score_for="gt.1"', 'score_four="gt.1"', 'Unexpected keyword argument "score_four"'),
        ("limit=5", 'limit="5"', 'incompatible type "str"; expected "int | Unset"'),
        (", available=2", "", 'Missing positional argument "available" in call to "AddItemArguments"'),
        ("sold.state", "sold.status", '"BuyResult" has no attribute "status"'),
        ("[each.status, each.code]", "[each.status, each.reason]", '"Problem" has no attribute "reason"'),
    ],
    "ts": [
        ("game.side, game.score_for]", "game.side, game.score_four]", "Property 'score_four' does not exist on type"),
        ('score_for: "gt.1"', 'score_four: "gt.1"', "'score_four' does not exist in type"),
        ("limit: 5", 'limit: "5"', "Type 'string' is not assignable to type 'number'"),
        (", available: 3", "", "not assignable to type '{ name: string; price: number; available: number; }"),
        ("sold.state", "sold.status", "Property 'status' does not exist on type"),
        ("problem?.code", "problem?.reason", "Property 'reason' does not exist on type"),
    ],
}
_ERROR = re.compile(r"^([\w/]+\.\w+)\W[\d,]+\W+error(?: TS\d+)?: (.+)", re.MULTILINE)


@dataclass(frozen=True)
class Folder:
    """A folder with the description, in which the commands and the examples of the page run."""

    path: Path
    stats: Stats
    key: str
    programs: str

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        env = os.environ | {"PATH": f"{self.programs}:{os.environ['PATH']}"}
        return subprocess.run(command, cwd=self.path, env=env, capture_output=True, text=True, timeout=200)

    def generate(self, program: str, expected: str) -> None:
        """Run the command of the page, which prints the expected lines only, and more for a wrong description."""
        command = next(found.text for block in blocks(PAGE) for found in block.commands if program in found.text)
        described = run_stanchion("serve", "--openapi", database_url=self.stats.dsn)
        assert described.code == 0, described.err
        (self.path / "openapi.json").write_text(described.out)
        done = self.run("bash", "-c", command)
        assert re.fullmatch(expected, done.stdout + done.stderr), done.stdout + done.stderr
        wrong = json.loads(described.out)
        wrong["paths"]["/standings"]["get"]["parameters"].append({"$ref": "#/components/parameters/missing"})
        (self.path / "openapi.json").write_text(json.dumps(wrong))
        done = self.run("bash", "-c", command.replace("league", "wrong"))
        assert not re.fullmatch(expected, done.stdout + done.stderr)

    def write(self, suffix: str, language: str) -> list[str]:
        """Write the script of the test, the example of the page and the wrong uses; return their names."""
        use = Path(__file__).with_name(f"use.{suffix}").read_text()
        section = PAGE.read_text().partition("## Typed clients")[2]
        example = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
        assert example is not None
        page = example[1].replace("https://stats.example", self.stats.web.url).replace("KEY", json.dumps(self.key))
        texts = {f"use.{suffix}": use, f"page.{suffix}": page}
        for number, (right, wrong, _) in enumerate(WRONG[suffix]):
            assert use.count(right) == 1, right
            texts[f"wrong{number}.{suffix}"] = use.replace(right, wrong)
        for name, text in texts.items():
            (self.path / name).write_text(text)
        return list(texts)

    def check_compiler(self, suffix: str, printed: str) -> None:
        """Check that the compiler found the error in each wrong use, and none elsewhere."""
        found = defaultdict(list)
        for file, error in _ERROR.findall(printed):
            found[file].append(error)
        # The generator passes arguments of __exit__ without their types; it has the same text for every description.
        template = found.pop("league/client.py", [])
        assert all("xit__" in error for error in template), template
        assert sorted(found) == [f"wrong{number}.{suffix}" for number in range(len(WRONG[suffix]))], printed
        for number, (_, _, error) in enumerate(WRONG[suffix]):
            assert any(error in each for each in found[f"wrong{number}.{suffix}"]), printed

    def check_use(self, *command: str | Path, available: int) -> None:
        """Run the script of the test, and compare its answers with SQL."""
        done = self.run(*command, self.stats.web.url, self.stats.token(), self.key)
        assert done.returncode == 0, done.stderr
        found, query, ours = json.loads(done.stdout), self.stats.platform.rows, self.stats.ids["ours"]
        games = "from marts.fact_team_game where tenant_id = %s"
        rows = query(f"select game_key, side, score_for {games} and score_for > 1 order by 1, 2 limit 5", ours)
        assert found["scores"] == [list(row.values()) for row in rows]
        assert found["most"] == max(row["score_for"] for row in rows)
        assert found["count"] == [206, f"0-0/{query(f'select count(*) as all {games}', ours)[0]['all']}", 1]
        assert found["tenant"] == ours
        versions = query("select * from core.mart_versions('{marts.fact_team_game}')")
        assert found["versions"] == [list(row.values()) for row in versions] != []
        assert (found["state"], found["left"]) == ("sold", [available - 1])
        stored = query("select available from stock.item where tenant_id = %s and item_id = %s", ours, found["item"])
        assert [row["available"] for row in stored] == found["left"]
        assert found["problems"] == [[403, "42501"], [400, "22P02"]]

    def check_page(self, *command: str | Path) -> None:
        """Run the example of the page, and compare the standings that it prints with SQL."""
        done = self.run(*command)
        assert done.returncode == 0, done.stderr
        standings = self.stats.platform.rows(
            "select team_name, points from marts.standings where tenant_id = %s and place <= 3 order by place",
            self.stats.ids["ours"],
        )
        printed = [line.rpartition(" ")[::2] for line in done.stdout.splitlines()]
        assert [(name, float(points)) for name, points in printed] == [
            (row["team_name"], float(row["points"])) for row in standings
        ]
        assert standings


@pytest.mark.exhaustive
@pytest.mark.long
def test_a_client_for_python_is_typed(stats: Stats, key: str, tmp_path: Path) -> None:
    programs = provide("python-packages", "tests/serve/typed/generator.txt")
    folder = Folder(tmp_path, stats, key, programs)
    folder.generate("openapi-python-client", "Generating league\n")
    mypy = (Path(sys.executable).with_name("mypy"), "--strict", "--python-executable", f"{programs}/python")
    checked = folder.run(*mypy, "league", *folder.write("py", "python"))
    folder.check_compiler("py", checked.stdout + checked.stderr)
    folder.check_use(f"{programs}/python", "use.py", available=2)
    folder.check_page(f"{programs}/python", "page.py")


@pytest.mark.exhaustive
@pytest.mark.long
def test_a_client_for_typescript_is_typed(stats: Stats, key: str, tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    packages = Path(provide("npm-package", *NPM)).parent
    (tmp_path / "node_modules").symlink_to(packages)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    folder = Folder(tmp_path, stats, key, f"{packages}/.bin")
    folder.generate("openapi-typescript", r"✨ openapi-typescript 7\.13\.0\n.* openapi\.json → league\.d\.ts \[.*\]\n*")
    tsc = ("tsc", "--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom")
    compiled = folder.run(*tsc, *folder.write("ts", "ts"))
    folder.check_compiler("ts", compiled.stdout + compiled.stderr)
    folder.check_use("node", "use.js", available=3)
    folder.check_page("node", "page.js")
