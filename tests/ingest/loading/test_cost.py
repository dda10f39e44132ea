"""The memory of a load depends on its largest game, not on the number of files. Files loaded before cost little."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stanchion.dev.sample.files import as_json
from stanchion.dev.sample.files import export as whole
from stanchion.dev.sample.games import Game

from .conftest import League
from .exports import export, write

MEASURED = """
import resource, sys
from pathlib import Path
from stanchion.ingest.loading.run import load
from stanchion.server.locate import Server
total = load(Server(sys.argv[1], "test", embedded=False, description="test"), "harbour", (sys.argv[2],), jobs=2)
# not RUSAGE_SELF, which includes the memory of the process that started this one
own = next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
print(sum(total.outcomes.values()), max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) // 1024)
"""


def peak(league: League, folder: Path) -> tuple[int, int]:
    """Load a folder in a new process. Return the number of files, and the peak memory of its largest process in MB."""
    argv = [sys.executable, "-c", MEASURED, league.dsn, str(folder)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    files, megabytes = done.stdout.split()
    return int(files), int(megabytes)


@pytest.mark.slow
@pytest.mark.long
def test_memory_does_not_grow_and_a_second_load_is_cheap(league: League, tmp_path: Path) -> None:
    few = write(tmp_path / "few", *[export(1000 + number, number, 5) for number in range(20)])
    _, small = peak(league, few)
    many = tmp_path / "many"
    for folder in range(10):
        write(many / str(folder), *[export(2000 + number, folder * 100 + number, 5 + folder) for number in range(50)])
    started = time.monotonic()
    files, large = peak(league, many)
    first = time.monotonic() - started
    assert files == 500
    assert large < small + 15
    assert large < 300
    started = time.monotonic()
    assert dict(league.load(many, jobs=2).outcomes) == {"unchanged": 500}
    assert time.monotonic() - started < first / 4


@pytest.mark.slow
@pytest.mark.long
def test_files_loaded_before_cost_a_tenth(league: League, tmp_path: Path) -> None:
    for number in range(25):
        tree = as_json(whole(Game(number, 600_000 + number, points=True)))
        (tmp_path / f"{number}.json").write_bytes(tree)

    def spent() -> tuple[float, int]:
        """Load the folder. Return the seconds, and the number of rows written since the server started."""
        started = time.monotonic()
        league.load(tmp_path)
        seconds = time.monotonic() - started
        league.db.execute("select pg_stat_force_next_flush()")
        (written,) = league.db.execute(
            "select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_user_tables where schemaname in "
            "('parts', 'contest', 'landing')"
        ).fetchone() or (0,)
        return seconds, int(written)

    first, rows = spent()
    again, more = spent()
    assert again < first / 10
    assert more - rows < 5, "the second load may write only its own row"


@pytest.mark.slow
@pytest.mark.long
def test_file_of_many_games_needs_the_memory_of_one(league: League, tmp_path: Path) -> None:
    head = "Date,Home Team,Away Team,Period,Clock,Team,Player,Event,X Coordinate,Y Coordinate,Detail 1,Detail 2\n"

    def season(path: Path, games: int) -> Path:
        with path.open("w") as file:
            file.write(head)
            for game in range(games):
                row = f"2026-03-{game % 28 + 1:02},North {game},South,1,{{}},North {game},Player,Shot,100,40,,On Net\n"
                file.write("".join(row.format(f"{n % 20:02}:00") for n in range(1000)))
        return path

    _, one = peak(league, season(tmp_path / "one.csv", 1))
    files, many = peak(league, season(tmp_path / "many.csv", 25))
    assert files == 25
    assert many < one + 20


@pytest.mark.slow
@pytest.mark.long
def test_huge_nested_file_is_refused_without_much_memory(league: League, tmp_path: Path) -> None:
    folder = write(tmp_path / "a", export())
    with (folder / "brackets.json").open("wb") as file:
        for _ in range(300):
            file.write(b"[" * 2**20)
    (folder / "deep.json").write_text('{"gameId": 1, "events": ' + "[" * 10_000 + "]" * 10_000 + ', "rosters": {}}')
    (folder / "long.json").write_text(json.dumps(export(18002)).replace('"idx": 3', '"idx": ' + "9" * 1000))
    files, megabytes = peak(league, folder)
    assert files == 4
    assert league.published() == 20
    assert league.published(18002) is not None or league.rows("select 1 from landing.reject")
    assert megabytes < 700


@pytest.mark.slow
@pytest.mark.long
def test_cost_of_a_game_does_not_grow_with_game_days(league: League, tmp_path: Path) -> None:
    league.load(write(tmp_path / "warm", *[export(100 + number, number * 24 * 60, 40) for number in range(10)]))

    def seconds(minutes: int) -> float:
        found = []
        for round_ in range(3):
            games = [export(5000 + minutes + number, minutes + round_, 40 + number % 7) for number in range(20)]
            folder = write(tmp_path / f"{minutes}-{round_}", *games)
            started = time.monotonic()
            league.load(folder)
            found.append(time.monotonic() - started)
        return min(found)

    before = seconds(1)
    days = "array(select date '2025-01-01' + n from generate_series(0, 89) as n)"
    league.db.execute(f"select contest.ensure_game_days({days})")
    assert seconds(100) < 2 * before + 0.2
