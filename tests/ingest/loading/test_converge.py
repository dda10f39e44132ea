"""The same files end in the same rows: in any order, repeated, by several loader processes, after any crash."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stanchion.ingest.loading.session import open_session
from stanchion.ingest.loading.store import Arrival, Store
from stanchion.ingest.reading.model import Game
from stanchion.paths import query
from tests.sessions import wait_for_waiting

from .conftest import League, wait_until_alone
from .exports import empty, export, games_of, write

SCHEDULE = (
    "game_id,date,home_team,away_team,season,game_type,home_score,away_score\n"
    "18001,2026-01-12,Kestrels,Ferrymen,2026,Regular,2,1\n"
    ",2026-01-17,Quarry,Old Dock,2026,Playoffs,1,0\n"
)


def pile() -> list[dict[str, Any]]:
    """Return revisions that conflict: shrunk, empty, reverted, spelled differently, renamed, without an export time."""
    first, second = export(events=40), export(minutes=10, events=44)
    spelled = export(minutes=3, events=40)
    for each in spelled["events"]:
        each["detail1"] = each["detail1"].replace("_", " ")
    reverted = export(minutes=20, events=40)
    renamed = export(18002, minutes=30, events=20, homeTeam="KESTRELS", homeColor="#A3202D")
    renamed["rosters"]["home"][1]["name"] = "Another Name"
    other = export(18003, minutes=60 * 24, events=12, home="Old Dock", away="Quarry")
    undated = export(18001, events=39, exportDate=None, savedAt=None, homeColor="#fff", awayColor="#000")
    return [
        first, spelled, second, reverted, export(minutes=25, events=20), empty(minutes=40), undated,
        export(minutes=26, events=17), renamed, export(18002, minutes=5, events=20, awayColor="#036"),
        empty(18004, minutes=2), other, first,
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in (1, 2))])
def test_any_order_gives_the_same_rows(seed: int, make_league: Callable[[str], League], tmp_path: Path) -> None:
    order = random.Random(seed)
    digests = []
    for number in range(4):
        league = make_league(f"league-{number}")
        shuffled = pile()
        order.shuffle(shuffled)
        at = order.randrange(len(shuffled))
        league.load(write(tmp_path / f"{number}a", *shuffled[:at]))
        league.schedule(SCHEDULE)
        league.load(write(tmp_path / f"{number}b", *shuffled[at:]), jobs=order.choice((1, 3)))
        league.load(tmp_path / f"{number}a")
        digests.append((league.digest(), {name: league.table(name) for name in ("contest.fixture", "contest.person")}))
    assert all(each == digests[0] for each in digests)
    assert sorted(league.rows("select team_key, colour from contest.team")) == [
        ("ferrymen", "#003366"), ("kestrels", "#a3202d"), ("old dock", None), ("quarry", None),
    ]  # fmt: skip
    assert league.published() == 40  # the first content, which was exported again after all others that lose no events


@contextmanager
def held(league: League, games: Iterable[Any]) -> Iterator[None]:
    """Lock these games, as a loader process does that stores them. Each load waits when it comes to one of them."""
    with psycopg.connect(league.dsn) as holder:
        for game in games:
            holder.execute(query("ingest/loading", "lock_game"), {"tenant": league.id, "game": str(game)})
        yield


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [3, pytest.param(8, marks=pytest.mark.exhaustive)])
def test_loads_at_once_end_in_the_same_rows(
    at_once: int, make_league: Callable[[str], League], tmp_path: Path, dsn: str
) -> None:
    alone, together = make_league("alone"), make_league("together")
    games = pile() + [export(19000 + number, number, 15) for number in range(12)]
    alone.load(write(tmp_path / "alone", *games))
    order = random.Random(1)
    processes = []
    with held(together, {game["gameId"] for game in games}):
        for number in range(at_once):
            order.shuffle(games)
            folder = write(tmp_path / str(number), *games)
            processes.append(start(dsn, "together", folder))
        wait_for_waiting(together.db, JOBS * at_once)
    for process in processes:
        _, err = process.communicate(timeout=120)
        assert process.returncode in (0, 1), err
    assert together.digest() == alone.digest()
    assert set(together.rows("select state from landing.load_batch")) == {("done",)}


JOBS = 2


def start(dsn: str, slug: str, folder: Path) -> "subprocess.Popen[str]":
    program = str(Path(sys.executable).with_name("stanchion"))
    argv = [program, "load", str(folder), "--tenant", slug, "--jobs", str(JOBS)]
    env = os.environ | {"DATABASE_URL": dsn}
    return subprocess.Popen(
        argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


@pytest.mark.slow
@pytest.mark.parametrize("kills", [3, pytest.param(6, marks=pytest.mark.exhaustive)])
def test_killed_loads_leave_whole_games(
    kills: int, make_league: Callable[[str], League], tmp_path: Path, dsn: str
) -> None:
    """Each game has its old or its new revision, and the next load finishes the work.

    Each load stores some more games and cannot end, because the test holds the games after them. The test kills it when
    it has stored a random number of these games.
    """
    expected, league = make_league("expected"), make_league("killed")
    more = 9
    keys = range(19000, 19000 + more * (kills + 1))
    old = write(tmp_path / "old", *[export(key, -1, 55) for key in keys[::2]])
    new = write(tmp_path / "new", *[export(key, key - keys[0], 60) for key in keys])
    for each in (expected, league):
        each.load(old)
    expected.load(new)
    order = random.Random(2)
    for kill in range(kills):
        with held(league, keys[more * (kill + 1) :]):
            process = start(dsn, "killed", new)
            wait_for_files(league, process, kill + 2, order.randrange(more))
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            assert process.returncode == -signal.SIGKILL, "the load ended before the kill"
            for key in keys:
                assert league.published(key) in (60, 55 if key % 2 == 0 else None)
        wait_until_alone(league)  # the server notices a killed client when its statement ends
    league.load(new)
    assert league.digest() == expected.digest()
    states = [row[0] for row in league.rows("select state from landing.load_batch")]
    assert (states.count("reaped"), states.count("done")) == (kills, 2)
    assert len(states) == kills + 2


def wait_for_files(league: League, process: "subprocess.Popen[str]", loads: int, files: int) -> None:
    """Wait until this number of loads has begun and the latest one has stored this number of files."""
    stored = (
        "select count(distinct b.load_id), count(f.file_no) filter (where f.load_id = b.latest) "
        "from (select tenant_id, load_id, max(load_id) over () as latest from landing.load_batch where tenant_id = %s) "
        "as b left join landing.file as f using (tenant_id, load_id)"
    )
    while True:
        begun, count = league.db.execute(stored, [league.id]).fetchone() or (0, 0)
        if begun == loads and count >= files:
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)


@pytest.mark.slow
def test_connection_lost_before_any_statement_changes_nothing(
    make_league: Callable[[str], League], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is cut before each statement of an update in turn; the game keeps its old revision."""
    league = make_league("harbour")
    old, new = games_of(export(events=20), export(minutes=9, events=25))
    left = [10**9]
    execute = psycopg.Cursor.execute

    def counting(self: Any, *args: Any, **options: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            # ends the server process; the client notices at its next statement
            left[0] = 10**9
            league.db.execute("select pg_terminate_backend(%s)", [self.connection.info.backend_pid])
            wait_until_alone(league)
        return execute(self, *args, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", counting)

    def update(game: Game, after: int) -> bool:
        left[0] = 10**9
        with open_session(league.server, "harbour") as session:
            load_id = session.begin_load("games", "test")
            store = Store(session, load_id, session.settings())
            left[0] = after
            try:
                store.update(game.game_key, Arrival(game))
            except psycopg.OperationalError:
                return False
            left[0] = 10**9
            return True

    assert update(old, 10**9)
    before = league.digest()
    statements = 0
    while not update(new, statements):
        left[0] = 10**9
        assert league.digest() == before, statements
        statements += 1
        assert statements < 200
    assert statements > 20
    assert league.published() == 25


def test_ctrl_c_ends_a_load_between_two_games(league: League, tmp_path: Path, dsn: str) -> None:
    """The loader processes wait for games that the test holds, so that the load cannot end before Ctrl-C."""
    keys, free = range(19000, 19060), 10
    folder = write(tmp_path / "a", *[export(key, key - keys[0]) for key in keys])
    with held(league, keys[free:]):
        process = start(dsn, "harbour", folder)
        wait_for_waiting(league.db, JOBS)
        os.killpg(process.pid, signal.SIGINT)  # to the whole process group, as a terminal does
        while is_pending(process.pid, signal.SIGINT):
            time.sleep(0.002)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "interrupted" in out
    loaded = len(league.rows("select 1 from contest.fixture"))
    assert free <= loaded < len(keys)
    assert league.one("select state from landing.load_batch") == "interrupted"
    assert sum(league.load(folder).outcomes.values()) == len(keys)
    assert len(league.rows("select 1 from contest.fixture")) == len(keys)


def is_pending(pid: int, number: int) -> bool:
    """Return whether the process has not received this signal yet."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (pending,) = [line.split()[1] for line in lines if line.startswith("ShdPnd")]
    return bool(int(pending, 16) >> number - 1 & 1)


def test_files_that_appear_during_a_load_hide_no_other_file(
    league: League, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "a", *[export(19000 + number, number, 5) for number in range(100)])
    walk = os.walk

    def growing(*args: Any, **options: Any) -> Any:
        (folder / f"000_{os.getpid()}.json").write_text(json.dumps(export(os.getpid(), events=5)))
        return walk(*args, **options)

    monkeypatch.setattr(os, "walk", growing)
    league.load(folder, jobs=3)
    assert {f"{19000 + number}" for number in range(100)} <= {row[0] for row in league.rows(KEYS)}


KEYS = "select game_key from contest.fixture"


def test_folder_that_cannot_be_listed_is_reported(
    league: League, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "a", export())
    write(folder / "closed", export(18002))
    scandir = os.scandir

    def refusing(path: Any) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    total = league.load(folder)
    assert dict(total.outcomes) == {"published": 1, "rejected": 1}
    assert total.failing[0].reason == "The folder cannot be listed."


def test_killed_server_process_is_reported_in_one_sentence(league: League, tmp_path: Path, dsn: str) -> None:
    keys, free = range(19000, 19020), 5
    folder = write(tmp_path / "a", *[export(key, key - keys[0]) for key in keys])
    with held(league, keys[free:]):
        process = start(dsn, "harbour", folder)
        wait_for_waiting(league.db, JOBS)
        league.db.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and application_name = 'stanchion'"
        )
        _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert "connection was lost" in err
    assert len(league.rows("select 1 from contest.fixture")) == free
    league.load(folder)
    assert len(league.rows("select 1 from contest.fixture")) == len(keys)
