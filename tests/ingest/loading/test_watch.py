"""Files that appear or change in a watched folder are loaded when they are complete, with or without inotify."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stanchion.dev.sample.book import book_game
from stanchion.dev.sample.mapped import tracking_csv
from stanchion.ingest.loading import watch
from stanchion.ingest.loading.watch import Folder
from stanchion.paths import ROOT

from .conftest import League
from .exports import export, write

MAPPING = ROOT / "docs" / "formats" / "mappings" / "tracking.yaml"


@contextmanager
def watching(league: League, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    argv = [str(Path(sys.executable).with_name("stanchion")), "watch", str(folder), "--tenant", "harbour"]
    env = os.environ | {"DATABASE_URL": league.dsn}
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(condition: Any, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_loaded_when_written(league: League, folder: Path, game: int) -> bool:
    """Write a file slowly and wait for its game. Return whether it was loaded only after the last piece was written.

    When the machine stops this process for half a second, a piece is taken for a whole file and rejected.
    """
    whole = json.dumps(export(game))
    pieces = 6
    with (folder / f"{game}.json").open("w") as file:
        for piece in range(pieces):
            file.write(whole[len(whole) * piece // pieces : len(whole) * (piece + 1) // pieces])
            file.flush()
            time.sleep(watch.STILL / 4)
    wait_for(lambda: league.published(game) == 20)
    rejected = league.rows("select path from landing.file as f join landing.reject using (tenant_id, load_id, file_no)")
    return not any(path.endswith(f"{game}.json") for (path,) in rejected)


@pytest.mark.slow
@pytest.mark.long
def test_new_and_changed_files_are_loaded_until_ctrl_c(league: League, tmp_path: Path) -> None:
    folder = write(tmp_path / "feed", export(events=20))
    with watching(league, folder) as process:
        wait_for(lambda: league.published() == 20)
        (folder / "later").mkdir()
        games = range(18002, 18022)
        assert any(is_loaded_when_written(league, folder / "later", game) for game in games)
        (folder / "again.part").write_text(json.dumps(export(minutes=1, events=23)))
        (folder / "again.part").rename(folder / "000_18001.json")
        wait_for(lambda: league.published() == 23)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "Stopped" in out


def test_once_loads_the_existing_files(league: League, tmp_path: Path, stanchion: Any) -> None:
    folder = write(tmp_path / "feed", export(), export(18002))
    done = stanchion("watch", str(folder), "--tenant", "harbour", "--once")
    assert (done.code, league.published(18002)) == (0, 20)
    missing = stanchion("watch", str(folder / "not there"), "--tenant", "harbour", "--once")
    assert (missing.code, "There is no file or folder" in missing.err) == (2, True)
    nothing = stanchion("watch", str(folder), "--tenant", "unknown", "--once")
    assert nothing.code == 1


def test_mapping_is_tried_first(league: League, tmp_path: Path, stanchion: Any) -> None:
    (tmp_path / "tracking.csv").write_bytes(tracking_csv([book_game(1), book_game(2)]))
    command = ("watch", str(tmp_path), "--tenant", "harbour", "--once")
    without = stanchion(*command)
    assert (without.code, "match no supported format" in without.out) == (0, True)
    done = stanchion(*command, "--format", str(MAPPING))
    assert (done.code, "2 files of 2 games: 2 published." in done.out) == (0, True), done.out
    assert [league.published(game) > 100 for game in (7001, 7002)] == [True, True]


def test_file_is_loaded_when_complete_and_after_a_change(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    (tmp_path / "a").write_text("1")
    assert folder.scan(0.0) == ([], True)
    (tmp_path / "a").write_text("22")
    assert folder.scan(watch.STILL) == ([], True)
    paths = [str(tmp_path / "a")]
    assert folder.scan(2 * watch.STILL) == (paths, False)
    folder.loaded(paths)
    assert folder.scan(3 * watch.STILL) == ([], False)
    (tmp_path / "a").write_text("333")
    assert folder.scan(4 * watch.STILL) == ([], True)
    assert folder.scan(5 * watch.STILL) == (paths, False)


def test_without_notifications_the_folder_is_polled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        watch.Notifications, "__init__", lambda self, folder: vars(self).update(are_available=False, _libc=None, _fd=-1)
    )
    monkeypatch.setattr(watch, "POLL", 0.01)
    monkeypatch.setattr(watch, "STILL", 0.05)
    seen: list[list[str]] = []

    def load(paths: list[str]) -> bool:
        seen.append(paths)
        if len(seen) == 2:
            raise KeyboardInterrupt
        (tmp_path / "b").write_text("2")
        return True

    (tmp_path / "a").write_text("1")
    with pytest.raises(KeyboardInterrupt):
        watch.watch(tmp_path, load, once=False)
    assert seen == [[str(tmp_path / "a")], [str(tmp_path / "b")]]
