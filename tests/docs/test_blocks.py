"""The commands in the documentation run in the order of the page and print the lines shown."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from stanchion.dev.sample.files import START, as_json, export
from stanchion.dev.sample.league import LeagueGame, make_teams
from stanchion.paths import ROOT
from stanchion.server.binaries import find_binaries
from stanchion.server.embedded import Embedded
from tests.docs.blocks import Block, Command, blocks, differences
from tests.docs.conftest import Demo
from tests.docs.test_commands import PAGES

# Commands that the test does not run, with the reason.
LEFT_OUT = {
    "make ": "CI calls the targets of the Makefile",
    ". ": "the commands are already on the path",
    ".venv/bin/pytest ": "it would run the tests from a test",
    "stanchion audit": "tests/audit runs it, and it takes half a minute",
}
# Commands that run until they are stopped, with a condition that their server meets once they can be stopped.
ENDLESS = {
    "stanchion worker run": "exists (select from pg_stat_activity where state = 'idle' and query = 'COMMIT')",
    "stanchion watch": "true",
    "stanchion demo --serve": "exists (select from contest.score_submission where game_key like 'live/%')",
    "stanchion serve": "exists (select from pg_stat_activity where usename like 'stanchion_serve_%')",
}
# Pages of which only make test-all runs the commands.
LONG = (
    "docs/loading.md", "docs/quickstart.md", "docs/operations/marts.md", "docs/operations/tenants.md",
    "docs/operations/upgrading.md",
)  # fmt: skip


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def is_run(block: Block) -> bool:
    return block.not_run is None and not all(command.text.startswith(tuple(LEFT_OUT)) for command in block.commands)


BLOCKS = {page: list(blocks(page)) for page in PAGES}
RUN = [page for page, found in BLOCKS.items() if any(map(is_run, found))]


def exports(folder: Path) -> None:
    """Write the files of loading.md: two games, earlier exports of one of them, an unrelated file and a late export."""
    teams = make_teams(4, 7)
    first, second = (LeagueGame(74 + n, 18969 + n, *teams[2 * n : 2 * n + 2]) for n in range(2))
    live = LeagueGame(72, 18972, *teams[:2])
    place = folder / "exports"
    place.mkdir(parents=True)
    half, whole = (
        export(first, START + timedelta(minutes=30), first.events[:700]),
        export(first, START + timedelta(hours=1)),
    )
    whole["events"][411].pop("type")
    broken = export(second)
    broken["shifts"][87] |= {"start_time": "10:00", "end_time": "10:30"}  # the clock counts down
    for name, tree in {
        "18969.json": whole, "18969_empty.json": export(first, START, []), "18969_half.json": half,
        "18970.json": broken, "notes.json": {"notes": []},
    }.items():  # fmt: skip
        (place / name).write_bytes(as_json(tree))
    (folder / "late").mkdir()
    late = export(first, START + timedelta(hours=2), first.events[:600])
    (folder / "late" / "18969.json").write_bytes(as_json(late))
    (folder / "autosave").mkdir()
    (folder / "autosave" / "18972.json").write_bytes(as_json(export(live)))
    score = {game: [sum(game.truth.score[side].values()) for side in ("home", "away")] for game in (first, second)}
    rows = ["game_id,date,home_team,away_team,season,home_score,away_score"]
    for game in (first, second):
        home, away = score[game] if game is first else reversed(score[game])
        rows.append(f"{game.game_id},2026-01-16,{game.teams['home']},{game.teams['away']},2026,{home},{away}")
    (folder / "games.csv").write_text("\n".join([*rows, "18971,2026-01-17,Kestrels,,2026,,", ""]))


class Shell:
    """Runs commands in a folder with the files of loading.md, on a running server with the data of the demo."""

    def __init__(self, home: Path, files: Path, target: str) -> None:
        self.server = Embedded(home)
        self.folder = shutil.copytree(files, home.parent / "files")
        self.out, self.err = (home.parent / name for name in ("stdout", "stderr"))
        programs = home.parent / "programs"
        programs.mkdir()
        (programs / "mail").write_text("#!/bin/sh\n")  # so that no mail is sent
        (programs / "mail").chmod(0o755)
        # the programs of the embedded server are the last ones: only systems without Postgres use them
        path = (programs, Path(sys.executable).parent, os.environ["PATH"], find_binaries())
        self.environment = {
            name: text for name, text in os.environ.items() if not name.startswith(("PG", "DATABASE_URL"))
        } | {"STANCHION_HOME": str(home), "DBT_TARGET_PATH": target, "PATH": ":".join(map(str, path))}

    def run(self, command: Command) -> tuple[str, str]:
        """Run a command, and return its stdout and stderr. Stop an endless command when it waits."""
        waits = next((condition for start, condition in ENDLESS.items() if command.text.startswith(start)), None)
        with (
            self.out.open("w") as out,
            self.err.open("w") as err,
            subprocess.Popen(
                ["bash", "-c", f"exec {command.text}" if waits else command.text], cwd=self.folder,
                env=self.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            ) as process,
        ):  # fmt: skip
            if waits:
                self._await(waits, command)
                process.send_signal(signal.SIGINT)
        return self._printed()

    def _await(self, waits: str, command: Command) -> None:
        """Wait until the server meets the condition and the command has printed all its lines but the last."""
        lines = Command(command.text, [*command.prints[:-1], "..."])
        until = time.monotonic() + 60
        with psycopg.connect(self.server.dsn(), autocommit=True) as conn:
            while differences(lines, *self._printed()) or not conn.execute(f"select {waits}").fetchone()[0]:
                if time.monotonic() > until:
                    return  # the lines that are missing fail the test
                time.sleep(0.05)

    def _printed(self) -> tuple[str, str]:
        out, err = (
            file.read_text().replace(str(self.server.home), "/var/lib/stanchion")  # the default home of root
            for file in (self.out, self.err)
        )
        return out, err


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages") / "files"
    exports(folder)
    return folder


@pytest.fixture
def shell(prepared: Demo, home: Path, files: Path) -> Shell:
    shell = Shell(home, files, prepared.target)
    with closing(shell.server):
        shell.server.up()
    return shell


def problems(shell: Shell, block: Block, command: Command) -> list[str]:
    if command.text.startswith(tuple(LEFT_OUT)):
        return []
    out, err = shell.run(command)
    found = differences(command, out, err)
    refused = any(line.startswith("Error: ") for line in (out + err).splitlines())
    if refused and not any(line.startswith("Error: ") for line in command.prints):
        found.append(f"it fails: {err.strip()}")
    where = f"{block.page.relative_to(ROOT)}:{block.line}: {command.text}"
    return [f"{where}\n    {problem}" for problem in found]


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=[pytest.mark.exhaustive] if name(page) in LONG else []) for page in RUN],
    ids=name,
)
def test_commands_print_the_lines_on_their_page(page: Path, shell: Shell) -> None:
    found = []
    for block in BLOCKS[page]:
        if block.not_run is None:
            for first in block.first:
                _, err = shell.run(Command(first))
                assert "Error: " not in err, f"{first}: {err}"
            for command in block.commands:
                found += problems(shell, block, command)
    assert not found, "\n".join(found)


def test_skipped_block_has_a_reason() -> None:
    left_out = [block for found in BLOCKS.values() for block in found if block.not_run is not None]
    assert all(len(block.not_run or "") > 10 for block in left_out)
    assert len(left_out) < sum(map(len, BLOCKS.values())) / 2, "most blocks must run"


@pytest.mark.parametrize(
    ("expected", "printed", "differs"),
    [
        ("Load 7 done: 8,412 rows in 0.6 s.", "Load 12 done: 9 rows in 1.25 s.", False),
        ("it is 5d62cc51-4fce-46e6-8bdc-1f17cb0caf18.", "it is 82da0a1e-58bd-4b77-8461-936c5de39bed.", False),
        ("stn_f4cfb8d5_********", "stn_82da0a1e_xYz-12", False),
        ("a   b", "a b", False),
        ("3 dropped", "3 lost", True),
        ("alex reads harbour.", "alex reads harbour. And more.", True),
    ],
)  # fmt: skip
def test_comparison_ignores_numbers_only(expected: str, printed: str, differs: bool) -> None:
    assert bool(differences(Command("x", [expected]), printed, "")) is differs
    assert differences(Command("x", [expected, "..."]), f"{printed}\nmore", "") == [] or differs
