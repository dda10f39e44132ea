"""The memory of a load depends on its largest game, not on the number of files. Files loaded before cost little."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stanchion.dev.sample.files import as_json
from stanchion.dev.sample.files import export as whole
from stanchion.dev.sample.games import Game
from stanchion.ingest.loading import process
from stanchion.ingest.loading.session import open_session
from stanchion.ingest.loading.store import Arrival, Store
from stanchion.ingest.reading.recognise import read
from stanchion.server.connection import Connection, value

from .conftest import League, wait_until_alone
from .exports import export, games_of, write

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


@pytest.fixture
def files_read(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Return a function that returns how many files the loader processes have read since the test began."""
    log = tmp_path_factory.mktemp("read") / "log"
    log.touch()

    def counted(*arguments: Any) -> Any:
        with log.open("a") as file:
            file.write(".")
        return read(*arguments)

    monkeypatch.setattr(process, "read", counted)
    return lambda: log.stat().st_size


@dataclass(frozen=True)
class Spent:
    """What the statements of a load used: blocks, blocks to make the due partitions once, and rows written."""

    blocks: int
    blocks_of_partitions: int
    rows: int


def spent(league: League, work: Callable[[], Any]) -> Spent:
    """Return what this work used."""
    blocks = (
        "select sum(shared_blks_hit + shared_blks_read) filter (where not is_making), "
        "sum(shared_blks_hit + shared_blks_read) filter (where is_making) "
        "from (select *, query ~ 'ensure_due_partitions' as is_making from pg_stat_statements) as s "
        "where dbid = (select oid from pg_database where datname = current_database())"
    )
    rows = (
        "select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_user_tables "
        "where schemaname in ('parts', 'contest', 'landing')"
    )

    def so_far() -> list[int]:
        wait_until_alone(league)
        league.db.execute("select pg_stat_force_next_flush()")
        found = [number for statement in (blocks, rows) for number in league.db.execute(statement).fetchone() or ()]
        return [int(number or 0) for number in found]

    league.db.execute("create extension if not exists pg_stat_statements")
    league.db.execute("select pg_stat_statements_reset()")  # otherwise it may drop statements of this work
    before = so_far()
    work()
    return Spent(*(now - then for now, then in zip(so_far(), before, strict=True)))


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("folders", [2, pytest.param(10, marks=pytest.mark.exhaustive)])
def test_memory_does_not_grow_and_a_second_load_reads_no_file(
    folders: int, league: League, tmp_path: Path, files_read: Callable[[], int]
) -> None:
    few = write(tmp_path / "few", *[export(1000 + number, number, 5) for number in range(20)])
    _, small = peak(league, few)
    many = tmp_path / "many"
    for folder in range(folders):
        write(many / str(folder), *[export(2000 + number, folder * 100 + number, 5 + folder) for number in range(50)])
    files, large = peak(league, many)
    assert files == 50 * folders
    assert large < small + 15
    assert large < 300
    assert dict(league.load(many, jobs=2).outcomes) == {"unchanged": 50 * folders}
    assert files_read() == 0


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("games", [5, pytest.param(25, marks=pytest.mark.exhaustive)])
def test_files_loaded_before_cost_a_tenth(
    games: int, league: League, tmp_path: Path, files_read: Callable[[], int]
) -> None:
    for number in range(games):
        tree = as_json(whole(Game(number, 600_000 + number, points=True)))
        (tmp_path / f"{number}.json").write_bytes(tree)
    first = spent(league, lambda: league.load(tmp_path))
    assert files_read() == games
    again = spent(league, lambda: league.load(tmp_path))
    assert files_read() == games, "the second load may read no file"
    assert again.blocks + again.blocks_of_partitions < first.blocks / 10
    assert again.rows < 5, "the second load may write only its own row"


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
@pytest.mark.parametrize("days", [20, pytest.param(90, marks=pytest.mark.exhaustive)])
def test_cost_of_a_game_does_not_grow_with_game_days(days: int, league: League, tmp_path: Path) -> None:
    """With more days, a game locks as many tables as before, and its statements use the same number of blocks."""
    league.load(write(tmp_path / "warm", *[export(100 + number, number * 24 * 60, 40) for number in range(10)]))

    def cost(minutes: int) -> tuple[int, Spent]:
        """Return the number of locks of one game, and what a load of 20 games uses."""
        games = [export(5000 + minutes + number, minutes, 40 + number % 7) for number in range(20)]
        folder = write(tmp_path / str(minutes), *games)
        used = spent(league, lambda: league.load(folder))
        (game,) = games_of(export(6000 + minutes, minutes))
        return locks_of(league, game), used

    locks, used = cost(1)
    more_days = "array(select date '2025-01-01' + n from generate_series(1, %s) as n)"
    league.db.execute(f"select contest.ensure_game_days({more_days})", [days])
    locks_later, later = cost(100)
    assert locks_later == locks
    assert later.blocks < used.blocks * 1.2
    assert later.blocks + later.blocks_of_partitions < 3 * (used.blocks + used.blocks_of_partitions)


def locks_of(league: League, game: Any) -> int:
    """Store a game. Return the number of tables and indexes that its transaction locks."""
    with open_session(league.server, league.slug) as session:
        store = Store(session, session.begin_load("games", "test"), session.settings())
        counted = "select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'relation'"

        def count(conn: Connection, key: str) -> int:
            store.update_locked(conn, key, Arrival(game))
            return int(value(conn, counted))

        return store.locked(game.game_key, count)
