"""stanchion demo --serve: the page follows the score and the standings, and two demonstrations count a goal once."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from stanchion.cli.demo import LEAGUES
from stanchion.dev.demo.game import play_of
from stanchion.server.embedded import Embedded
from tests.chromium import Chromium, Tab, chromium
from tests.conftest import PROGRAM, Outcome, run_stanchion
from tests.docs.conftest import Demo

pytestmark = [pytest.mark.slow, pytest.mark.debian]
SLOW = "1"  # the game is played in real time, so that only the test changes its score
FAST = "3600"
ENDED = "select from contest.fixture where competition_key = 'live' and status = 'final' having count(*) > {}"
RECORD_MOVES = (
    "window.moves = []; { const move = Element.prototype.animate; Element.prototype.animate = function (...how) {"
    " window.moves.push(this.tagName); return move.apply(this, how); }; }"
)
CONNECTION = "document.getElementById('connection').textContent"


@dataclass
class Place:
    """The server of the demonstration, which keeps running."""

    home: Path
    target: str
    conn: psycopg.Connection[Any]

    def environment(self) -> dict[str, str]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("PG", "DATABASE_URL"))}
        return kept | {
            "STANCHION_HOME": str(self.home), "DBT_TARGET_PATH": self.target, "TMPDIR": str(self.home.parent),
        }  # fmt: skip

    @contextmanager
    def serving(self, speed: str, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """Run the demonstration; yield its process and the address of its page."""
        argv = [PROGRAM, "demo", "--serve", "--speed", speed, "--port", str(port)]
        with subprocess.Popen(
            argv, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            assert process.stdout is not None
            seen = []
            try:
                for line in process.stdout:
                    seen.append(line)
                    if found := re.search(r"http://\S+/pages/live\.html", line):
                        yield process, found[0]
                        break
                else:
                    raise AssertionError("".join(seen))
            finally:
                process.kill()

    def call(self, statement: str, *values: Any, referee: bool = False) -> Any:
        with self.conn.transaction():
            self.conn.execute(
                "select set_config('app.tenant_id', tenant_id::text, true) from core.tenant where slug = 'harbour'"
            )
            if referee:
                self.conn.execute(
                    "select set_config('app.principal_id', principal_id::text, true) from core.principal "
                    "where email = 'referee@example.org'"
                )
            return self.conn.execute(statement, values).fetchall()

    def score(self, game: str, home: int, away: int, reason: str) -> None:
        """Replace the score of a game, as the person at the table does."""
        self.call("select contest.dispute_score(submission_key, %s) from contest.score_submission "
                  "where game_key = %s and state = 'pending'", reason, game)  # fmt: skip
        self.call("select contest.submit_score(%s, %s, %s, %s)", game, home, away, f"{game} {home}:{away} {reason}")

    def confirm(self, game: str) -> None:
        self.call("select contest.confirm_score(submission_key) from contest.score_submission "
                  "where game_key = %s and state = 'pending'", game, referee=True)  # fmt: skip

    def game(self) -> str:
        """Return the game that is played, once its first score is submitted."""
        return self.wait_for("select game_key from contest.score_submission where game_key like 'live/%' "
                             "and state = 'pending'")[0][0]  # fmt: skip

    def wait_for(self, statement: str, seconds: float = 60) -> list[Any]:
        until = time.monotonic() + seconds
        while not (found := self.conn.execute(statement).fetchall()):
            assert time.monotonic() < until, statement
            time.sleep(0.05)
        return found

    def scores(self) -> dict[int, tuple[str, int, int]]:
        """Return the status and the official score of each game by its number."""
        found = self.conn.execute(
            "select round, status, official_home, official_away from contest.fixture where competition_key = 'live'"
        )
        return {number: (status, home, away) for number, status, home, away in found.fetchall()}


@pytest.fixture
def place(prepared: Demo, home: Path) -> Iterator[Place]:
    server = Embedded(home)
    server.up()
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        yield Place(home, prepared.target, conn)
    server.down()


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with chromium() as found:
        yield found


def opened(browser: Chromium, url: str) -> Tab:
    tab = browser.tab()
    tab.look(1280)
    tab.open(url)
    tab.wait(f"{CONNECTION} === 'Connected'")
    tab.wait("document.getElementById('state').textContent !== 'No game yet'")
    tab.wait("document.querySelectorAll('#lines tr').length === 5")
    tab.run("window.isSamePage = true; 1")
    return tab


def board(tab: Tab) -> str:
    return ":".join(str(tab.run(f"document.getElementById('{side}-goals').textContent")) for side in ("home", "away"))


def moments(tab: Tab) -> list[str]:
    """Return the scores of the game in the order in which they came, with the reasons."""
    items = "[...document.querySelectorAll('#moments li:not([hidden])')]"
    found = tab.run(f"{items}.map((item) => [...item.children].map((each) => each.textContent))")
    return [f"{score} {reason}" for score, _, reason in reversed(found)]


def standings(tab: Tab) -> list[tuple[str, str]]:
    """Return the teams in the order of the page, with their points."""
    script = "[...document.querySelectorAll('#lines tr')].map((e) => [e.dataset.team, e.cells[6].textContent])"
    return [(team, points) for team, points in tab.run(script)]


def playing(tab: Tab) -> dict[str, bool]:
    script = "[...document.querySelectorAll('#lines tr')].map((e) => [e.dataset.team, e.className === 'playing'])"
    return dict(tab.run(script))


def wait_for_score(tab: Tab, score: str) -> None:
    home, away = score.split(":")
    tab.wait(f"document.getElementById('home-goals').textContent === '{home}' "
             f"&& document.getElementById('away-goals').textContent === '{away}'")  # fmt: skip


def test_two_pages_follow_a_score_and_the_standings(place: Place, browser: Chromium) -> None:
    with place.serving(SLOW) as (_, url):
        tabs = [opened(browser, url) for _ in range(2)]
        game = place.game()
        before = standings(tabs[0])
        ((home, away),) = place.call(
            "select home_team_key, away_team_key from contest.fixture where game_key = %s", game
        )
        order = [team for team, _ in before]
        winner, loser = sorted((home, away), key=order.index, reverse=True)  # the lower team wins, so that it moves
        ours = (1, 0) if winner == home else (0, 1)
        tabs[1].look(1280, calm=True)
        for tab in tabs:
            tab.run(RECORD_MOVES)
        place.score(game, *ours, "Ada, period 1, 2:00")
        place.score(game, 1, 1, "Bo <b>, period 1, 3:00")
        place.score(game, 1 + ours[0], 1 + ours[1], "Cy, period 2, 4:00")
        score = f"{1 + ours[0]}:{1 + ours[1]}"
        for tab in tabs:
            wait_for_score(tab, score)
            assert tab.text("#state") == "In progress"
            assert moments(tab) == [
                f"{ours[0]}:{ours[1]} Ada, period 1, 2:00", "1:1 Bo <b>, period 1, 3:00", f"{score} Cy, period 2, 4:00",
            ]  # fmt: skip
            assert standings(tab) == before, "a score in progress does not count"
            assert {team for team, is_playing in playing(tab).items() if is_playing} == {home, away}
        place.confirm(game)
        for tab in tabs:
            tab.wait("document.getElementById('state').textContent === 'Final'")
            tab.wait(f"document.querySelector('#lines tr').dataset.team === '{winner}'")
            assert standings(tab)[0] == (winner, "2")
            assert standings(tab)[-1] == (loser, "0")
            assert score in tab.text("#finals")
            assert tab.run("window.isSamePage"), "the page was not loaded again"
            tab.wait("document.getElementById('announcer').textContent.includes(', final.')")
        assert "TR" in tabs[0].run("window.moves")
        assert tabs[1].run("window.moves") == [], "a reader who wants no motion gets none"
        assert standings(tabs[0]) == standings(tabs[1])
        for tab in tabs:
            for width, dark in ((360, False), (360, True), (1280, False), (1280, True)):
                tab.look(width, dark=dark)
                assert tab.run("document.documentElement.scrollWidth") == width
                assert tab.violations() == []
            assert tab.console == []
            assert all(request.startswith(url.partition("/pages")[0]) for request in tab.requests), tab.requests


def test_a_page_catches_up_after_the_server_was_killed(place: Place, browser: Chromium) -> None:
    with place.serving(SLOW) as (process, url):
        tabs = [opened(browser, url) for _ in range(2)]
        game = place.game()
        place.score(game, 0, 1, "Ada")
        for tab in tabs:
            wait_for_score(tab, "0:1")
        process.kill()
        process.wait()
        for tab in tabs:
            tab.wait(f"{CONNECTION} === 'Connection lost, reconnecting'")
    place.score(game, 0, 2, "Bo")
    place.score(game, 1, 2, "Cy")
    with place.serving(SLOW, port=httpx.URL(url).port or 0):
        place.score(game, 2, 2, "Di")
        for tab in tabs:
            wait_for_score(tab, "2:2")
            tab.wait(f"{CONNECTION} === 'Connected'")
            assert moments(tab) == ["0:1 Ada", "0:2 Bo", "1:2 Cy", "2:2 Di"]
            assert tab.run("window.isSamePage")
        place.score(game, 2, 3, "Ed")
        for tab in tabs:
            wait_for_score(tab, "2:3")
            assert len(moments(tab)) == 5
            assert [line for line in tab.console if "net::ERR_" not in line] == []


def test_a_hidden_page_gives_its_connections_back(place: Place, browser: Chromium) -> None:
    """A browser has six connections to a server, and a page uses two."""
    with place.serving(SLOW) as (_, url):
        tab, game = opened(browser, url), place.game()
        hide = (
            "Object.defineProperty(document, 'hidden', {value: %s, configurable: true});"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
        tab.run(hide % "true")
        place.score(game, 3, 0, "Ada")
        tab.wait(f"{CONNECTION} !== 'Connected'")
        assert board(tab) == "0:0"
        tab.run(hide % "false")
        wait_for_score(tab, "3:0")
        assert moments(tab) == ["3:0 Ada"]


def test_games_are_played_to_their_end(place: Place, browser: Chromium) -> None:
    league = LEAGUES["harbour"]
    with place.serving(FAST) as (process, url):
        tab = opened(browser, url)
        place.wait_for(
            "select from contest.fixture where competition_key = 'live' and status = 'final' having count(*) > 1"
        )
        tab.wait("document.querySelectorAll('#finals li').length > 1")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    for number, (status, *score) in place.scores().items():
        if status == "final":
            sides = [goal.side for goal in play_of(number, league.seed, league.lengths).goals]
            assert score == [sides.count("home"), sides.count("away")]
    assert list(place.home.parent.glob("stanchion-demo-*")) == []
    assert place.conn.execute("select from pg_roles where rolname like 'stanchion_serve_%'").fetchall() == []
    pending = "select from contest.score_submission where state = 'pending'"
    assert place.conn.execute(pending).fetchall() == [], "the game that was interrupted is withdrawn"
    assert place.conn.execute("select from core.job").fetchall() == [], "jobs were left for a worker"
    assert place.conn.execute("select count(*) from core.job_dead").fetchone() == (0,)


def test_two_demonstrations_count_each_goal_once(place: Place) -> None:
    league = LEAGUES["harbour"]
    with ExitStack() as stack:
        processes = [stack.enter_context(place.serving(FAST))[0] for _ in range(2)]
        place.wait_for(
            "select from contest.fixture where competition_key = 'live' and status = 'final' having count(*) > 2"
        )
        for process in processes:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(60) for process in processes] == [0, 0]
    final = {number: score for number, (status, *score) in place.scores().items() if status == "final"}
    assert sorted(final) == list(range(1, len(final) + 1))
    for number, score in final.items():
        sides = [goal.side for goal in play_of(number, league.seed, league.lengths).goals]
        assert score == [sides.count("home"), sides.count("away")]


def test_what_persons_do_to_a_game_does_not_stop_it(place: Place) -> None:
    with place.serving(FAST) as (process, _):
        game = place.game()
        place.call("select contest.add_fixture('live', home_team_key, away_team_key) from contest.fixture "
                   "where game_key = %s", game)  # fmt: skip
        place.call("select contest.dispute_score(submission_key, 'wrong') from contest.score_submission "
                   "where game_key = %s and state = 'pending'", game)  # fmt: skip
        place.wait_for("select pg_terminate_backend(pid) from pg_stat_activity where usename like 'stanchion_serve_%'")
        place.wait_for(ENDED.format(2))
        assert process.poll() is None


def test_only_the_page_reads_without_a_token(place: Place) -> None:
    with place.serving(SLOW) as (_, url):
        base = url.partition("/pages")[0]
        assert httpx.get(f"{base}/fixture?limit=1").status_code == 200
        for path in ("/standings", "/live/events", "/live/presence", "/me", "/score_submission", "/fixture/"):
            assert httpx.get(base + path).status_code in (401, 404), path
        for name in ("evil.example", f"evil.example:{httpx.URL(base).port}"):
            assert httpx.get(f"{base}/fixture", headers={"Host": name}).status_code == 401
        assert httpx.post(f"{base}/rpc/submit_score", json={}).status_code == 401
        assert httpx.get(f"{base}/fixture", headers={"Authorization": "Bearer x"}).status_code == 401
        tenants = {row["tenant_id"] for row in httpx.get(f"{base}/fixture?select=tenant_id").json()}
        assert len(tenants) == 1


def test_bad_options_are_one_sentence(stanchion: Callable[..., Outcome], home: Path, prepared: Demo) -> None:
    done = stanchion("demo", "--port", "1")
    assert (done.code, "--port and --speed need --serve." in done.err) == (2, True)
    assert stanchion("demo", "--serve", "--speed", "0").code == 2
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run_stanchion(
            "demo", "--serve", "--port", port, STANCHION_HOME=str(home), DBT_TARGET_PATH=prepared.target
        )
        assert done.code == 1
        assert f"Error: The port {port} of 127.0.0.1 cannot be used: Address already in use." in done.err
