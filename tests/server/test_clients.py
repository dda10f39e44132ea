"""Processes share one server. The last client stops it, and a killed client does not keep it running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from stanchion.server import embedded
from stanchion.server.cluster import open_lock, poll, try_lock
from stanchion.server.embedded import Embedded

from .conftest import postmaster, processes

CLIENT = """
import sys
from stanchion.server.embedded import Embedded
with Embedded(fast=True) as embedded:
    print(embedded.data.joinpath("postmaster.pid").read_text().split()[0], flush=True)
    sys.stdin.readline()
"""


class Client:
    """A process that is a client until leave() or kill()."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CLIENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def postmaster(self) -> int:
        assert self.process.stdout
        return int(self.process.stdout.readline())

    def leave(self) -> None:
        self.process.communicate("\n")
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def test_three_first_clients_at_once_share_one_postmaster(new_home: Path) -> None:
    clients = [Client() for _ in range(3)]
    assert len({client.postmaster() for client in clients}) == 1
    for client in clients:
        assert Embedded().is_running()
        client.leave()
    assert Embedded().state == "down"
    assert not processes(new_home)


def test_killed_client_does_not_keep_the_server_running(home: Path) -> None:
    killed = Client()
    first = killed.postmaster()
    killed.kill()
    assert Embedded().is_running(), "the server outlives a killed client"
    with Embedded(fast=True) as next_one:
        assert postmaster(next_one) == first
    assert not next_one.is_running()


def test_start_and_close_can_be_called_twice(home: Path) -> None:
    embedded = Embedded(fast=True)
    with embedded.start(), embedded.start() as same:
        assert same is embedded
    embedded.close()
    assert not embedded.is_running()


def test_forked_child_does_not_stop_the_server(home: Path) -> None:
    with Embedded(fast=True) as embedded:
        child = os.fork()
        if child == 0:
            embedded.close()
            os._exit(0)
        os.waitpid(child, 0)
        assert embedded.is_running()
    assert not embedded.is_running()


def test_up_keeps_the_server_running_until_down(home: Path) -> None:
    embedded = Embedded(fast=True)
    embedded.up()
    with embedded:
        pass
    assert embedded.is_running()
    embedded.up()
    assert embedded.down() is True
    assert embedded.state == "down"
    assert embedded.down() is False
    with embedded:
        pass
    assert not embedded.is_running(), "down undoes up"


def test_down_stops_a_server_that_has_clients(home: Path) -> None:
    client = Client()
    client.postmaster()
    assert Embedded().down()
    client.leave()
    with Embedded(fast=True) as embedded, psycopg.connect(embedded.dsn()):
        pass


def test_purge_deletes_the_home_under_a_client(home: Path) -> None:
    client = Client()
    client.postmaster()
    assert Embedded().purge() is True
    assert not home.exists()
    client.leave()
    assert not home.exists()
    assert Embedded().purge() is False


def test_purge_keeps_files_of_others_in_the_home(new_home: Path) -> None:
    new_home.mkdir()
    (new_home / "notes").write_text("mine")
    with Embedded(fast=True):
        pass
    Embedded().purge()
    assert [left.name for left in new_home.iterdir()] == ["notes"]


def test_client_that_waits_for_a_purge_gets_a_new_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The purge waits for a stopped postmaster, which continues when the client has begun to wait for the purge."""
    Embedded(fast=True).up()
    purged = postmaster(Embedded())
    os.kill(purged, signal.SIGSTOP)
    purging = subprocess.Popen(
        [sys.executable, "-c", "from stanchion.server.embedded import Embedded; Embedded().purge()"], env=os.environ
    )
    while not is_locked(home / "start.lock"):
        assert purging.poll() is None

    def polled(message: str) -> Iterator[None]:
        for turn, _ in enumerate(poll(message)):
            if turn == 1:  # the lock was taken in the turn before
                os.kill(purged, signal.SIGCONT)
            yield

    monkeypatch.setattr(embedded, "poll", polled)
    with Embedded(fast=True) as late:
        assert purging.wait() == 0
        assert postmaster(late) != purged
        with psycopg.connect(late.dsn()):
            pass
    assert not Embedded().is_running(), "the purge undoes up"


def is_locked(path: Path) -> bool:
    with open_lock(path) as lock:
        return not try_lock(lock)
