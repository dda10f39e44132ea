"""The example of score entry on a phone keeps entries while the server is away, and sends each of them once."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stanchion.paths import ROOT
from tests.chromium import Chromium, Tab, chromium
from tests.serve.web import Web, serving
from tests.sessions import Db
from tests.workspace.team import acting

pytestmark = [pytest.mark.slow, pytest.mark.debian]
EXAMPLE = ROOT / "docs" / "examples" / "score_entry"
EVIL = "<img src=x onerror=document.title='broken'>"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Place:
    """A league with two open games, a key of the phone, and the port of the server."""

    db: Db
    conn: psycopg.Connection[Any]  # of an application of the tenant
    dsn: str
    key: str
    games: list[str]
    port: int

    @contextmanager
    def serving(self) -> Iterator[Web]:
        with serving(self.dsn, "--port", str(self.port), "--pages", str(EXAMPLE)) as web:
            yield web

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/pages/#{self.key}"

    def events(self, game: str) -> list[tuple[str, int | None, int | None]]:
        found = self.db.execute(
            "select event_type, (payload ->> 'home')::integer, (payload ->> 'away')::integer from core.event "
            "where stream_type = 'contest.fixture' and stream_id = %s order by version",
            [game],
        )
        return found.fetchall()


@pytest.fixture
def place(db: Db, tenants: dict[str, str], login: str, make_login: Callable[..., str]) -> Iterator[Place]:
    with acting(db, tenants["ours"]):
        key = db.execute("select core.create_api_key('phone', array['write'])").fetchone()[0]
    with psycopg.connect(login, autocommit=True) as conn:
        conn.execute("select contest.create_competition('cup', 'Cup', 'free')")
        for team in ("Ants", "Bees", EVIL):
            conn.execute("select contest.enter_team('cup', %s)", [team])
        games = [
            conn.execute("select contest.add_fixture('cup', %s, %s)", teams).fetchone()[0]
            for teams in (("ants", "bees"), ("bees", EVIL.casefold()))
        ]
        yield Place(db, conn, make_login("stanchion_app"), key, games, free_port())


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with chromium() as found:
        yield found


def enter(tab: Tab, game: str, home: int, away: int) -> None:
    tab.fill("select", game)
    tab.fill("[name=home]", str(home))
    tab.fill("[name=away]", str(away))
    tab.press("Enter")
    tab.wait("document.querySelector('[name=home]').value === ''")


def opened(browser: Chromium, place: Place) -> Tab:
    tab = browser.tab(place.address)
    tab.wait("document.querySelector('[role=status]').textContent === 'Everything is saved.'")
    tab.wait(f"document.querySelectorAll('option').length === {len(place.games)}")
    return tab


def wait_for_status(tab: Tab, text: str) -> None:
    tab.wait(f"document.querySelector('[role=status]').textContent === {text!r}")


def is_of_the_network(line: str) -> bool:
    return line.startswith("Failed to load resource: net::ERR_")


def test_entries_without_a_connection_are_sent_once_and_in_order(browser: Chromium, place: Place) -> None:
    first, second = place.games
    with place.serving():
        tab = opened(browser, place)
        assert place.key not in tab.run("location.href"), "the key must not stay in the address"
        enter(tab, first, 1, 0)
        wait_for_status(tab, "Everything is saved.")
    for home, away in ((1, 1), (2, 1)):
        enter(tab, first, home, away)
    enter(tab, second, 0, 3)
    wait_for_status(tab, "3 waiting for the connection.")
    games = ["ants – bees 1:1", "ants – bees 2:1", f"bees – {EVIL.casefold()} 0:3"]
    assert tab.text("ol").splitlines() == [f"{game}: waiting" for game in games]
    assert place.events(first) == [("score.submitted", 1, 0)]
    with place.serving():
        wait_for_status(tab, "Everything is saved.")
    assert place.events(first) == [
        ("score.submitted", 1, 0),
        ("score.disputed", None, None), ("score.submitted", 1, 1),
        ("score.disputed", None, None), ("score.submitted", 2, 1),
    ]  # fmt: skip
    assert place.events(second) == [("score.submitted", 0, 3)]
    assert tab.text("ol") == ""
    assert tab.run("document.title") == "Score entry"
    assert all(map(is_of_the_network, tab.console)), tab.console


def test_entries_outlive_the_page(browser: Chromium, place: Place) -> None:
    with place.serving():
        tab = opened(browser, place)
    enter(tab, place.games[0], 4, 2)
    wait_for_status(tab, "1 waiting for the connection.")
    tab.send("Page.close")
    with place.serving():
        wait_for_status(browser.tab(place.address.partition("#")[0]), "Everything is saved.")
    assert place.events(place.games[0]) == [("score.submitted", 4, 2)]


def test_an_answer_that_was_lost_doubles_nothing(browser: Chromium, place: Place, db: Db) -> None:
    """The server is killed with -9 after its transaction was committed, before its answer was sent."""
    with place.serving() as web:
        tab = opened(browser, place)
        db.execute(
            "alter table contest.offline_action add column gate boolean default true; "
            "create function public.wait_at_gate() returns trigger language plpgsql as "
            "'begin perform pg_advisory_xact_lock(77); return null; end'; "
            "create constraint trigger gate after insert on contest.offline_action deferrable initially deferred "
            "for each row execute function public.wait_at_gate()"
        )
        db.execute("select pg_advisory_lock(77)")
        enter(tab, place.games[0], 2, 2)
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        while db.execute(waiting).fetchone()[0] == 0:
            pass
        web.process.send_signal(signal.SIGSTOP)  # the commit ends, and the process cannot answer
        db.execute("select pg_advisory_unlock(77)")
        while not place.events(place.games[0]):
            pass
        web.process.kill()
    assert place.events(place.games[0]) == [("score.submitted", 2, 2)]
    wait_for_status(tab, "1 waiting for the connection.")
    with place.serving():
        wait_for_status(tab, "Everything is saved.")
    assert place.events(place.games[0]) == [("score.submitted", 2, 2)]
    assert tab.text("ol") == ""


def test_a_conflict_is_one_sentence_and_the_next_entry_is_saved(browser: Chromium, place: Place) -> None:
    first = place.games[0]
    with place.serving():
        tab = opened(browser, place)
    enter(tab, first, 1, 0)
    enter(tab, first, 2, 0)
    place.conn.execute("select contest.submit_score(%s, 0, 7, 'another phone')", [first])
    with place.serving():
        wait_for_status(tab, "Everything is saved.")
        assert tab.text("ol").splitlines() == [
            "ants – bees 1:0 was not saved: fixture cup/1 is at version 1, expected 0.",
            "ants – bees 2:0 was not saved: an action before it met a conflict.",
        ]
        enter(tab, first, 1, 7)
        wait_for_status(tab, "Everything is saved.")
    assert place.events(first)[-1] == ("score.submitted", 1, 7)


def test_a_revoked_key_is_one_sentence_and_keeps_the_entries(
    browser: Chromium, place: Place, db: Db, tenants: dict[str, str]
) -> None:
    with place.serving():
        tab = opened(browser, place)
    enter(tab, place.games[0], 1, 0)
    with acting(db, tenants["ours"]):
        db.execute("select core.revoke_api_key('phone')")
    with place.serving():
        wait_for_status(tab, "The server refused: the API key is not valid.")
    assert "waiting" in tab.text("ol")
    assert place.events(place.games[0]) == []


@pytest.mark.parametrize("dark", [False, True])
def test_the_page_fits_a_phone_and_a_screen_reader(browser: Chromium, place: Place, dark: bool) -> None:
    with place.serving():
        tab = opened(browser, place)
    enter(tab, place.games[1], 1, 0)
    wait_for_status(tab, "1 waiting for the connection.")
    tab.look(360, 740, dark=dark)
    assert tab.run("document.documentElement.scrollWidth") == 360
    assert tab.violations() == []


def test_the_example_is_short() -> None:
    assert len(Path(EXAMPLE, "index.html").read_text(encoding="utf-8").splitlines()) <= 75
