"""The tables of a competition equal a replay of its events, after any sequence of actions."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contest.live import Cup, Db, at_once, broken_promises
from tests.program import call_stanchion

SCORES = st.tuples(st.integers(0, 4), st.integers(0, 4))
REFUSED = (
    psycopg.errors.ObjectNotInPrerequisiteState,
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.InvalidParameterValue,
)
QUICK = settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=True)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["submit", "submit", "confirm", "dispute", "amend", "time", "draw"]),
        st.integers(0, 6),  # index of the fixture
        st.integers(0, 4),  # index of the actor: a player or the official
        SCORES,
    ),
    min_size=15,
    max_size=40,
)


class History:
    """Random actions on a competition, by principals with and without the right to make them."""

    def __init__(self, cup: Cup, conn: Db) -> None:
        self.cup, self.conn, self.number, self.done = cup, conn, 0, 0

    def step(self, what: str, which: int, who: int, score: tuple[int, int]) -> None:
        actor = [*self.cup.players, self.cup.official][who % (len(self.cup.players) + 1)]
        games = self.read("select game_key from contest.fixture where competition_key = 'cup' order by 1")
        if what == "time":
            return self.confirm_due()
        self.conn.execute("select set_config('app.principal_id', %s, false)", [actor if what != "draw" else ""])
        try:
            if what == "draw" or not games:
                self.conn.execute("select contest.draw('cup')")
            else:
                self.decide(what, games[which % len(games)], score)
        except REFUSED:
            return None
        self.done += 1
        return None

    def read(self, statement: str, *values: str) -> list[Any]:
        """Return the first column of the rows of the tenant."""
        with self.conn.transaction():
            return [row[0] for row in self.conn.execute(statement, values)]

    def decide(self, what: str, game: str, score: tuple[int, int]) -> None:
        pending = "select submission_key from contest.score_submission where game_key = %s and state = 'pending'"
        if what == "submit":
            self.number += 1
            self.conn.execute("select contest.submit_score(%s, %s, %s, %s)", [game, *score, f"key {self.number}"])
        elif what == "amend":
            self.conn.execute("select contest.amend_result(%s, %s, %s, 'a reason')", [game, *score])
        elif keys := self.read(pending, game):
            call = "confirm_score(%s)" if what == "confirm" else "dispute_score(%s, 'a reason')"
            self.conn.execute(f"select contest.{call}", keys)

    def confirm_due(self) -> None:
        """Run the handler of the job worker, also for fixtures that were decided in the meantime."""
        self.cup.db.execute("update core.job set run_at = now() where tenant_id = %s", [self.cup.tenant])
        with self.cup.db.transaction():
            self.cup.db.execute("select set_config('app.tenant_id', %s, true)", [self.cup.tenant])
            row = self.cup.db.execute("select lease_id from core.lease('contest.confirm', 'w', 3)").fetchone()
            if row:
                self.cup.db.execute("select contest.confirm_due(%s), core.complete(%s)", [row[0], row[0]])


@pytest.mark.long
@pytest.mark.parametrize("format_", ["single elimination", "swiss", "round robin"])
def test_replay_of_a_random_history_gives_the_same_tables(make_cup: Callable[..., Cup], format_: str, db: Db) -> None:
    decided = 0

    @QUICK
    @given(teams=st.integers(3, 5), steps=STEPS)
    def play(teams: int, steps: list[Any]) -> None:
        nonlocal decided
        cup = make_cup(teams, format_, rounds=2 if format_ == "swiss" else None)
        with cup.acting() as conn:
            history = History(cup, conn)
            for step in steps:
                history.step(*step)
            decided += history.done
        assert broken_promises(db) == []
        assert cup.differences() == []

    db.execute("update core.config_key set default_value = '0' where key = 'confirm_seconds'")
    play()
    assert decided > 20  # a bracket accepts few of the random steps


def test_replay_finds_and_repairs_manual_changes(make_cup: Callable[..., Cup], db: Db, dsn: str) -> None:
    stanchion = partial(call_stanchion, database_url=dsn)
    cup = make_cup(4, "round robin")
    cup.draw()
    cup.play("cup/1/1", 3, 1)
    cup.play("cup/2/1", 2, 2)
    db.execute("update contest.entrant set seed = 11 where seed = 1")
    db.execute("delete from contest.point_entry where game_key = 'cup/2/1' and team_key = 'team 01'")
    before = db.execute("select count(*) from contest.point_entry").fetchone()
    outcome = stanchion("replay", "cup", "--tenant", cup.slug)
    assert outcome.code == 1
    assert "entrant team 00: seed is 11, not 1" in outcome.out
    assert "missing from the tables" in outcome.out
    assert "rows differ from the events." in outcome.out
    assert (
        db.execute("select count(*) from contest.point_entry").fetchone() == before
    )  # replay without --repair changes nothing
    repaired = stanchion("replay", "--tenant", cup.slug, "--repair")
    assert repaired.code == 0, repaired.err
    again = stanchion("replay", "--tenant", cup.slug)
    assert (again.code, again.out) == (0, "cup: all 27 rows match the events.\n")
    assert broken_promises(db) == []
    unknown = stanchion("replay", "cups", "--tenant", cup.slug)
    assert (unknown.code, unknown.err.splitlines()[-1]) == (1, f"Error: {cup.slug} has no competition 'cups'.")


def test_one_of_several_concurrent_decisions_counts(make_cup: Callable[..., Cup], db: Db) -> None:
    """Confirm, dispute and confirm by timeout at the same time: exactly one succeeds."""
    cup = make_cup(2)
    db.execute("update core.config_key set default_value = '0' where key = 'confirm_seconds'")

    def by_time(conn: Db) -> Any:
        with psycopg.connect(db.info.dsn, password=db.info.password, autocommit=True) as worker:
            worker.execute("select set_config('app.tenant_id', %s, false)", [cup.tenant])
            row = worker.execute("select lease_id from core.lease('contest.confirm', 'w')").fetchone()
            return "time" if row and worker.execute("select contest.confirm_due(%s)", row).fetchone()[0] else "late"

    for round_ in range(8):
        game, key = cup.add(0, 1), f"key {round_}"
        with cup.acting(cup.players[0]) as conn:
            conn.execute("select contest.submit_score(%s, 1, 0, %s)", [game, key])
        confirm = (
            cup.dsn(cup.players[1]),
            lambda c, k=key: c.execute("select contest.confirm_score(%s, 1)", [k]).fetchone()[0],
        )
        dispute = (
            cup.dsn(cup.official),
            lambda c, k=key: c.execute("select contest.dispute_score(%s, 'no', 1)", [k]).fetchone()[0],
        )
        answers = at_once([confirm, dispute, (cup.dsn(), by_time)])
        version, state = db.execute(
            "select f.version, s.state from contest.fixture as f "
            "join contest.score_submission as s using (tenant_id, game_key) where game_key = %s",
            [game],
        ).fetchone()
        assert version == 2, answers
        assert state in ("confirmed", "disputed")
        assert sum(answer in (2, "time") for answer in answers) >= 1
        db.execute("delete from core.job")
    assert broken_promises(db) == []
    assert cup.differences() == []


def confirming(key: str) -> Callable[[Db], Any]:
    return lambda conn: conn.execute("select contest.confirm_score(%s)", [key]).fetchone()[0]


@pytest.mark.parametrize("rounds", [2, pytest.param(6, marks=pytest.mark.exhaustive)])
def test_concurrent_semi_finals_create_one_final(rounds: int, make_cup: Callable[..., Cup], db: Db) -> None:
    for _ in range(rounds):
        cup = make_cup(4, "single elimination")
        cup.draw()
        keys = []
        for game in ("cup/1/1", "cup/1/2"):
            with cup.acting() as conn:
                conn.execute("select contest.submit_score(%s, 1, 0, %s)", [game, f"{cup.slug} {game}"])
                keys.append(f"{cup.slug} {game}")
        answers = at_once([(cup.dsn(cup.official), confirming(key)) for key in keys])
        assert answers == [2, 2]
        assert db.execute(
            "select home_team_key, away_team_key, game_key from contest.pairing where tenant_id = %s and round = 2",
            [cup.tenant],
        ).fetchall() == [("team 00", "team 01", "cup/2/1")]
        assert cup.differences() == []


@pytest.mark.parametrize("rounds", [2, pytest.param(6, marks=pytest.mark.exhaustive)])
def test_crossing_batches_do_not_deadlock(rounds: int, make_cup: Callable[..., Cup], db: Db) -> None:
    """Several workers confirm leases with fixtures of the same teams, in different orders."""
    cup = make_cup(4)
    db.execute("update core.config_key set default_value = '0' where key = 'confirm_seconds'")
    pairs = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3)]
    for round_ in range(rounds):
        with cup.acting() as conn:
            for home, away in pairs * 2:
                conn.execute("select contest.submit_score(%s, 1, 0, gen_random_uuid()::text)", [cup.add(home, away)])

        def work(conn: Db) -> int:
            conn.execute("select set_config('app.tenant_id', %s, false)", [cup.tenant])
            done = 0
            while row := conn.execute("select lease_id from core.lease('contest.confirm', 'w', 4)").fetchone():
                with conn.transaction():
                    done += conn.execute("select contest.confirm_due(%s)", row).fetchone()[0]
                    conn.execute("select core.complete(%s)", row)
            return done

        dsn = psycopg.conninfo.make_conninfo(db.info.dsn, password=db.info.password)
        assert sum(at_once([(dsn, work)] * 3)) == 12, round_
    assert db.execute("select deadlocks from pg_stat_database where datname = current_database()").fetchone() == (0,)
    assert broken_promises(db) == []


def test_job_worker_confirms_a_score_after_five_minutes(
    make_cup: Callable[..., Cup], db: Db, stanchion: Any, make_login: Callable[..., str]
) -> None:
    """Move the clock forward and run the real job worker."""
    cup = make_cup(2)
    game = cup.add(0, 1)
    with cup.acting(cup.players[0]) as conn:
        conn.execute("select contest.submit_score(%s, 3, 1, 'key')", [game])
    login = make_login("stanchion_worker")
    drained = stanchion("worker", "drain", database_url=login)
    assert drained.out == "0 done. The queue is empty. 1 job scheduled for later.\n", drained.err
    due, submitted = db.execute("select due_at, submitted_at from contest.score_submission").fetchone()
    assert due - submitted <= timedelta(minutes=5) < due - submitted + timedelta(seconds=1)

    def set_clock(ahead: str) -> None:
        db.execute(
            "create or replace function core.clock() returns timestamptz language sql volatile "
            f"return timestamptz '{due.isoformat()}' + interval '{ahead}'"
        )

    set_clock("-1 microsecond")
    assert stanchion("worker", "run", "--once", database_url=login).out == "0 done.\n"
    set_clock("0")
    assert stanchion("worker", "run", "--once", database_url=login).out == "1 done.\n"
    assert db.execute("select status, official_home, official_away, version from contest.fixture").fetchone() == (
        "final", 3, 1, 2,
    )  # fmt: skip
    decided = db.execute("select state, decided_by, decided_at from contest.score_submission").fetchone()
    assert decided == ("confirmed", "time", due)
    assert broken_promises(db) == []
