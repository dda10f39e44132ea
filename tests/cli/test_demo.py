"""The demo fills a new database, a second run changes nothing, and no process keeps running."""

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import open_folder, run_stanchion


@pytest.fixture
def home() -> Iterator[Path]:
    folder = open_folder("stanchion-demo-")
    yield folder / "home"
    run_stanchion("down", "--purge", "--yes", STANCHION_HOME=str(folder / "home"))
    shutil.rmtree(folder, ignore_errors=True)


def servers_of(home: Path) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # the process has ended
            found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [line for line in found if "postgres" in line and str(home) in line]


@pytest.mark.slow
def test_the_demo_twice_then_a_purge(home: Path) -> None:
    first = run_stanchion("demo", STANCHION_HOME=str(home))
    assert first.code == 0, first.err
    assert "40 games loaded." in first.out
    for league in ("Harbour League", "Lakeside Cup"):
        shown = first.out.partition(league)[2].partition("Lakeside Cup")[0]
        standings, leaders, left_out = (
            shown.partition("Most points")[0],
            *shown.partition("Most points")[2].split("Left out"),
        )
        assert len([line for line in standings.splitlines() if line[:1].isdigit()]) == 5
        assert len([line for line in leaders.splitlines() if line[:1].isdigit()]) == 5
        assert "official 1-0." in left_out
    assert "embedded Postgres" in first.err
    assert servers_of(home) == []

    began = time.monotonic()
    second = run_stanchion("demo", STANCHION_HOME=str(home))
    assert time.monotonic() - began < 5
    assert "Every module is already deployed." in second.out
    assert "The marts already contain every game." in second.out
    assert (
        second.out.partition("Harbour")[2].partition("Finished")[0]
        == first.out.partition("Harbour")[2].partition("Finished")[0]
    )
    listed = run_stanchion("tenant", "list", "--json", STANCHION_HOME=str(home)).out
    assert listed.count('"slug"') == 2

    assert run_stanchion("doctor", "--strict", STANCHION_HOME=str(home)).code == 0
    assert run_stanchion("down", "--purge", "--yes", STANCHION_HOME=str(home)).code == 0
    assert not home.exists()


def test_a_configured_server_needs_a_confirmation(stanchion: Callable[..., Any], db: psycopg.Connection[Any]) -> None:
    refused = stanchion("demo")
    assert refused.code == 1
    assert "not a terminal" in refused.err
    assert db.execute("select count(*) from core.tenant").fetchone() == (0,)  # test_wheel.py runs the demo with --yes
