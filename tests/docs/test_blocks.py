"""The commands in the documentation run in the order of the page and print the lines shown."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from stanchion.dev.sample.files import START, as_json, export
from stanchion.dev.sample.league import LeagueGame, make_teams
from stanchion.paths import ROOT
from tests.conftest import open_folder, run_stanchion
from tests.docs.blocks import Block, Command, blocks, differences
from tests.docs.test_commands import PAGES

BLOCKS = {page: list(blocks(page)) for page in PAGES}
RUN = [page for page, found in BLOCKS.items() if any(block.not_run is None for block in found)]

# Commands that the test does not run, with the reason, and commands that run until they are stopped.
LEFT_OUT = {
    "make ": "CI calls the targets of the Makefile",
    ". ": "the commands are already on the path",
    "stanchion audit": "tests/audit runs it, and it takes half a minute",
}
ENDLESS = ("stanchion worker run", "stanchion watch")


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


@pytest.fixture(scope="session")
def prepared() -> Iterator[Path]:
    """Yield a folder with a home in which the demo has run."""
    folder = open_folder("stanchion-docs-")
    outcome = run_stanchion("demo", STANCHION_HOME=str(folder / "home"), DBT_TARGET_PATH=str(folder / "target"))
    assert outcome.code == 0, outcome.err
    exports(folder / "files")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


Type = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def type_in(prepared: Path) -> Iterator[Type]:
    """Yield a function that runs a command in a shell, with the data of the demo and a running server."""
    folder = open_folder("stanchion-page-")
    subprocess.run(["cp", "-a", prepared / "home", folder / "home"], check=True)
    subprocess.run(["cp", "-a", prepared / "files", folder / "files"], check=True)
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("PG", "DATABASE_URL"))} | {
        "STANCHION_HOME": str(folder / "home"),
        "DBT_TARGET_PATH": str(prepared / "target"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }

    def type_in(text: str) -> subprocess.CompletedProcess[str]:
        ends = "timeout --signal=INT 5 " if text.startswith(ENDLESS) else ""
        done = subprocess.run(
            ["bash", "-c", ends + text], cwd=folder / "files", env=environment,
            capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        done.stdout = done.stdout.replace(str(folder / "home"), "/var/lib/stanchion")  # the default home of root
        return done

    try:
        type_in("stanchion up")
        yield type_in
    finally:
        type_in("stanchion down --purge --yes")
        shutil.rmtree(folder, ignore_errors=True)


def problems(type_in: Type, block: Block, command: Command) -> list[str]:
    if command.text.startswith(tuple(LEFT_OUT)):
        return []
    began = time.monotonic()
    done = type_in(command.text)
    found = differences(command, done.stdout, done.stderr)
    refused = any(line.startswith("Error: ") for line in (done.stdout + done.stderr).splitlines())
    if refused and not any(line.startswith("Error: ") for line in command.prints):
        found.append(f"it fails: {done.stderr.strip()}")
    where = f"{block.page.relative_to(ROOT)}:{block.line}: {command.text}"
    return [f"{where} ({time.monotonic() - began:.1f} s)\n    {problem}" for problem in found]


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_print_the_lines_on_their_page(page: Path, type_in: Type) -> None:
    found = []
    for block in BLOCKS[page]:
        if block.not_run is None:
            for first in block.first:
                done = type_in(first)
                assert "Error: " not in done.stderr, f"{first}: {done.stderr}"
            for command in block.commands:
                found += problems(type_in, block, command)
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
