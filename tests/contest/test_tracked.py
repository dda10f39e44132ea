"""A tracked game and a fixture of a competition share one row and one score, whichever is written first."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stanchion.ingest.loading.publish import withdraw
from stanchion.ingest.loading.run import load
from stanchion.ingest.loading.session import open_session
from stanchion.server.locate import Server
from tests.contest.live import Db
from tests.marts.league import League, play

FIXTURE = (
    "select status, official_home, official_away, content_hash is not null, is_scored, version "
    "from contest.fixture where game_key = '1001'"
)
AGREES = "select agrees from contest.game_quality where game_key = '1001'"


class Rink:
    """A league with tracked games, one of which can be added to a competition."""

    def __init__(self, db: Db, dsn: str, folder: Path) -> None:
        self.db, self.folder = db, folder
        self.server = Server(dsn, "--dsn", embedded=False, description="server of the test")
        self.league: League = play("rink", 2, 1001, seed=5)
        self.tenant = str(db.execute("select core.create_tenant('rink', 'Rink', 'league')").fetchone()[0])
        self.teams = [name.lower() for name in self.league.games[0].teams.values()]
        score = self.league.games[0].truth.score
        self.truth = sum(score["home"].values()), sum(score["away"].values())

    @contextmanager
    def acting(self) -> Iterator[Db]:
        with self.db.transaction():
            self.db.execute("select set_config('app.tenant_id', %s, true)", [self.tenant])
            yield self.db

    def track(self) -> None:
        self.league.load(self.server, self.folder, self.league.games[:1])

    def adopt(self) -> None:
        with self.acting() as conn:
            conn.execute("select contest.create_competition('cup', 'Cup', 'free')")
            for team in self.league.games[0].teams.values():
                conn.execute("select contest.enter_team('cup', %s)", [team])
            conn.execute("select contest.add_fixture('cup', %s, %s, '1001')", self.teams)

    def confirm(self, home: int, away: int) -> None:
        with self.acting() as conn:
            referee = conn.execute("select core.add_member('r@example.org', 'R', 'editor')").fetchone()[0]
            conn.execute("select contest.submit_score('1001', %s, %s, 'key')", [home, away])
            conn.execute("select set_config('app.principal_id', %s, true)", [str(referee)])
            conn.execute("select contest.confirm_score('key')")
            conn.execute("select set_config('app.principal_id', '', true)")

    def fixture(self) -> Any:
        return self.db.execute(FIXTURE).fetchone()

    def agrees(self) -> Any:
        return self.db.execute(AGREES).fetchone()[0]


@pytest.fixture
def rink(db: Db, dsn: str, tmp_path: Path) -> Rink:
    return Rink(db, dsn, tmp_path)


def test_competition_game_is_final_when_score_is_confirmed(rink: Rink) -> None:
    rink.track()
    assert rink.fixture() == ("final", None, None, True, True, 0)  # tracked to its end
    rink.adopt()
    assert rink.fixture()[0] == "live"
    home, away = rink.truth
    rink.confirm(home + 1, away)
    assert rink.fixture() == ("final", home + 1, away, True, False, 2)
    before = rink.db.execute("select load_id from contest.fixture where game_key = '1001'").fetchone()[0]
    rink.track()  # loads the same export again, which compares it with the new score
    assert rink.fixture() == ("final", home + 1, away, True, True, 2)
    assert rink.agrees() is False
    assert rink.db.execute("select load_id from contest.fixture where game_key = '1001'").fetchone()[0] > before
    with rink.acting() as conn:
        conn.execute("select contest.amend_result('1001', %s, %s, 'counted again')", [home, away])
    rink.track()
    assert rink.fixture() == ("final", home, away, True, True, 3)
    assert rink.agrees() is True


def test_schedule_does_not_replace_a_confirmed_score(rink: Rink) -> None:
    rink.track()
    rink.adopt()
    home, away = rink.truth
    rink.confirm(home, away)
    rink.league.official[1001] = (home + 3, away + 3)
    rink.league.schedule(rink.server)
    assert rink.fixture()[:3] == ("final", home, away)
    assert rink.agrees() is not False
    with open_session(rink.server, "rink") as session:
        withdraw(session, "1001", "It was another game.")
    assert rink.fixture()[:4] == ("final", home, away, False)
    with rink.acting() as conn:
        assert conn.execute("select * from contest.replay('cup')").fetchall() == []


def test_game_with_a_scheduled_score_cannot_be_added(rink: Rink) -> None:
    rink.league.schedule(rink.server)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        rink.adopt()


def test_load_with_a_stale_score_keeps_the_confirmed_one(rink: Rink) -> None:
    """Another session confirms a score between the reading and the writing of the loader."""
    rink.track()
    rink.adopt()
    home, away = rink.truth
    rink.confirm(home, away)
    rink.track()
    stale = (
        'select contest.put_fixture(\'1001\', 99, to_jsonb(f) || \'{"official_home": 77, "status": "live"}\') '
        "from contest.fixture as f where f.game_key = '1001'"
    )
    with rink.acting() as conn:
        conn.execute(stale)
    assert rink.fixture() == ("final", home, away, True, False, 2)


def test_no_role_can_write_fixtures_directly(rink: Rink, make_login: Callable[..., str], tmp_path: Path) -> None:
    rink.track()
    rink.adopt()
    rink.confirm(*rink.truth)
    for role in ("stanchion_app", "stanchion_loader", "stanchion_builder", "stanchion_worker"):
        with psycopg.connect(make_login(role), autocommit=True) as conn:
            conn.execute("select set_config('app.tenant_id', %s, false)", [rink.tenant])
            for statement in (
                "update contest.fixture set official_home = 77",
                "update contest.fixture set status = 'live'",
                "insert into contest.fixture select * from contest.fixture",
                "delete from contest.fixture",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    conn.execute(statement)
            if role == "stanchion_loader":
                assert conn.execute("select contest.remove_rows('fixture', '1001')").fetchone() == (0,)
    assert rink.fixture()[:3] == ("final", *rink.truth)


def test_repeated_load_changes_nothing(rink: Rink) -> None:
    rink.track()
    rink.adopt()
    rink.confirm(*rink.truth)
    rink.track()
    before = rink.db.execute("select load_id, xmin from contest.fixture where game_key = '1001'").fetchone()
    path = rink.league.write(rink.folder, rink.league.games[:1])
    load(rink.server, "rink", (path,), given_on=date(2026, 1, 16))
    assert rink.db.execute("select load_id, xmin from contest.fixture where game_key = '1001'").fetchone() == before
