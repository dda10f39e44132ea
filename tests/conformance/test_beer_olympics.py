"""Features of Beer Olympics: one test for each row of docs/conformance.md that is "yes" or has a counterpart.

Each test is short; the test modules that it names test the feature in depth.
"""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from stanchion.audit.rules import broken, rule_files
from tests.conformance.ear import listening
from tests.contest.live import Cup, Db, at_once, broken_promises

MakeCup = Callable[..., Cup]


@pytest.fixture
def make_cup(db: Db, make_login: Callable[..., str]) -> MakeCup:
    return partial(Cup.make, db, make_login("stanchion_app"))


def submit(conn: Db, game: str, home: int, away: int, key: str) -> str:
    return conn.execute("select state from contest.submit_score(%s, %s, %s, %s)", [game, home, away, key]).fetchone()[0]


def test_pool_clears_tenant_and_principal_between_uses(make_cup: MakeCup) -> None:
    cup = make_cup(2)
    game = cup.add(0, 1)
    with ConnectionPool(cup.login, min_size=2, max_size=2) as pool:
        for number in range(4):
            with pool.connection() as conn:
                assert conn.execute("select core.current_tenant(), core.current_principal()").fetchone() == (None, None)
                say = "select set_config('app.tenant_id', %s, true), set_config('app.principal_id', %s, true)"
                conn.execute(say, [cup.tenant, cup.players[number % 2]])
                if number == 0:
                    submit(conn, game, 1, 0, "key")
    with cup.acting(cup.players[0]) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("select contest.confirm_score('key')")


def test_every_foreign_key_has_an_index(deployed_db: Db) -> None:
    rules = [path for path in rule_files() if path.stem in ("foreign_keys_have_an_index", "tenant_leads_keys")]
    assert [str(finding) for finding in broken(deployed_db, *rules)] == []


def test_leaderboard_equals_the_sum_of_the_ledger(make_cup: MakeCup) -> None:
    """tests/contest/test_leaderboard.py and `stanchion bench live` do this during concurrent writes."""
    cup = make_cup(8, "round robin")
    cup.draw()
    for number in range(1, 8):
        cup.play(f"cup/{number}/1", number, 3)
    assert broken_promises(cup.db) == []
    with cup.acting() as conn:
        rows = conn.execute("select place, points from contest.leaderboard('cup')").fetchall()
        assert sum(points for _, points in rows) == 7
        explain = "explain (analyze, buffers, format json) select * from contest.leaderboard('cup')"
        plan = conn.execute(explain).fetchone()[0][0]["Plan"]
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 200


def test_final_fixture_changes_only_by_amend_result(make_cup: MakeCup, db: Db) -> None:
    cup = make_cup(2)
    game = cup.add(0, 1)
    cup.play(game, 3, 1)
    with cup.acting() as conn:
        for statement in (
            "update contest.fixture set official_home = 9",
            "update contest.point_entry set points = 9",
            "delete from contest.point_entry",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(statement)
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
            submit(conn, game, 9, 9, "late")
        conn.execute("select contest.amend_result(%s, 1, 1, 'so it was')", [game])
    assert db.execute("select count(*) from core.audit_log where action = 'contest.amend'").fetchone() == (1,)
    kept = db.execute("select reason, count(*), sum(points)::float from contest.point_entry group by 1 order by 1")
    assert kept.fetchall() == [("result", 4, 2.0), ("reversal", 2, -1.0)]


def test_notifications_are_limited_and_events_delivered_once(make_cup: MakeCup, dsn: str) -> None:
    cup = make_cup(4)
    games = [cup.add(0, 1), cup.add(2, 3)]
    with listening(dsn, "stanchion_events") as ear, cup.acting() as conn:
        began = time.monotonic()
        for number in range(60):
            key = f"key {number}"
            submit(conn, games[number % 2], 1, 0, key)
            conn.execute("select contest.dispute_score(%s, 'no')", [key])
        heard = len(ear.heard())
        assert 1 <= heard <= (time.monotonic() - began) * 10 + 2
        seen = []
        while rows := conn.execute("select stream_id, version from core.poll_events('screen', 50)").fetchall():
            seen += [row for row in rows if row[0] in games]
    assert sorted(seen) == sorted((game, version) for game in games for version in range(1, 61))


def test_offline_batch_sent_by_two_devices_applies_once(make_cup: MakeCup) -> None:
    """tests/contest/test_offline.py tests batches in every order."""
    cup = make_cup(2)
    game = cup.add(0, 1)
    batch = [
        {"id": "b", "fixture": game, "version": 1, "do": "dispute", "reason": "no", "at": "1999-01-01"},
        {"id": "a", "fixture": game, "version": 0, "do": "submit", "home": 1, "away": 0, "at": "2099-01-01"},
        {"id": "c", "fixture": game, "version": 0, "do": "submit", "home": 2, "away": 0},
    ]
    apply = "select action_id, outcome, version from contest.apply_offline(%s)"
    answers = at_once(
        [
            (cup.dsn(cup.official), lambda conn, sent=sent: conn.execute(apply, [json.dumps(sent)]).fetchall())
            for sent in (batch, batch[::-1])
        ]
    )
    assert answers[0] == answers[1] == [("a", "applied", 1), ("b", "conflict", 1), ("c", "conflict", 1)]
    assert cup.db.execute("select home, state from contest.score_submission").fetchall() == [(1, "pending")]


def test_one_of_two_writers_wins_and_replay_equals_tables(make_cup: MakeCup) -> None:
    cup = make_cup(2)
    game = cup.add(0, 1)
    say = "select state from contest.submit_score(%s, 1, 0, %s, 0)"
    answers = at_once(
        [(cup.dsn(who), lambda conn, who=who: conn.execute(say, [game, who]).fetchone()[0]) for who in cup.players]
    )
    assert sorted(answers) == ["40001", "pending"]
    assert cup.differences() == []


def test_failing_job_dies_and_the_others_complete(make_cup: MakeCup, db: Db, stanchion: Any, make_login: Any) -> None:
    """tests/stock/test_killed.py tests a job worker that is killed."""
    cup = make_cup(2)
    game = cup.add(0, 1)
    db.execute("update core.config_key set default_value = '0' where key = 'confirm_seconds'")
    db.execute("update core.queue set attempts = 2, backoff = '0.1 s' where queue = 'contest.confirm'")
    with cup.acting() as conn:
        submit(conn, game, 1, 0, "good")
    db.execute(
        "insert into core.job (tenant_id, queue, payload, run_at, enqueued_at, actor) "
        "values (%s, 'contest.confirm', '[]', now(), now(), 'x')",
        [cup.tenant],
    )
    db.execute(
        "create or replace function contest.confirm_due(p_lease uuid) returns integer "
        "language plpgsql security definer as $$ begin "
        "if exists (select from core.job where lease_id = p_lease and payload = '[]') then raise 'poison'; end if; "
        "return 1; end $$"
    )
    outcome = stanchion("worker", "drain", database_url=make_login("stanchion_worker"))
    assert "1 done, 1 failed, 1 dead." in outcome.out, outcome.err
    assert db.execute("select attempts, last_error from core.job_dead").fetchone() == (2, "P0001: poison")


def test_submission_is_due_after_five_minutes(make_cup: MakeCup, db: Db) -> None:
    """tests/contest/test_histories.py tests the confirmation by the job worker."""
    cup = make_cup(2)
    game = cup.add(0, 1)
    with cup.acting(cup.players[0]) as conn:
        submit(conn, game, 1, 0, "key")
    due, run_at = db.execute(
        "select s.due_at - s.submitted_at, j.run_at - s.submitted_at from contest.score_submission as s, core.job as j"
    ).fetchone()
    assert timedelta(0) <= timedelta(minutes=5) - due < timedelta(minutes=1)
    assert run_at == due


def test_metrics_are_recorded_and_can_be_queried(make_cup: MakeCup, db: Db, stanchion: Any) -> None:
    cup = make_cup(2)
    with cup.acting() as conn:
        submit(conn, cup.add(0, 1), 1, 0, "key")
        for took in (10, 20, 90):
            conn.execute("select ops.record_metric('submit', %s), ops.record_metric('sent', 2, 'counter')", [took])
    metrics = db.execute("select name, kind, samples, total, p50 from ops.metric_hour order by name").fetchall()
    assert metrics == [("sent", "counter", 3, 6, 2), ("submit", "timing", 3, 120, 20)]
    assert db.execute("select queue, state from core.job_state").fetchall() == [("contest.confirm", "ready")]
    checks = json.loads(stanchion("doctor", "--json").out)
    assert len(checks) >= 10


def test_rate_limit_is_exact_with_concurrent_sessions(make_cup: MakeCup) -> None:
    cup = make_cup(2)
    take = "select allowed from core.rate_limit_take('uploads', 10, '1 minute')"
    answers = at_once([(cup.dsn(), lambda conn: [conn.execute(take).fetchone()[0] for _ in range(2)])] * 15)
    assert sorted(each for session in answers for each in session) == [False] * 20 + [True] * 10


def test_concurrent_updates_lose_no_event(make_cup: MakeCup) -> None:
    """`stanchion bench live` measures a thousand updates a second; no test asserts that rate."""
    cup = make_cup(8)
    games = [cup.add(n, (n + 1) % 8) for n in range(8)]

    def say(conn: Db, number: int) -> int:
        for turn in range(10):
            key = f"{number} {turn}"
            submit(conn, games[number], turn, 0, key)
            conn.execute("select contest.dispute_score(%s, 'no')", [key])
        return 20

    assert at_once([(cup.dsn(), lambda conn, n=n: say(conn, n)) for n in range(8)]) == [20] * 8
    assert cup.db.execute("select sum(version), min(version) from contest.fixture").fetchone() == (160, 20)
    assert broken_promises(cup.db) == []


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("select contest.submit_score(%s, -1, 0, 'k')", psycopg.errors.InvalidParameterValue),
        ("select contest.submit_score(%s, null, 0, 'k')", psycopg.errors.InvalidParameterValue),
        ("select contest.submit_score(%s, 1, 0, '')", psycopg.errors.InvalidParameterValue),
        ("select contest.submit_score(%s || '''; drop table contest.fixture', 1, 0, 'k')", psycopg.errors.NoDataFound),
    ],
)
def test_invalid_arguments_are_refused(make_cup: MakeCup, statement: str, error: type[Exception]) -> None:
    cup = make_cup(2)
    game = cup.add(0, 1)
    with cup.acting() as conn, pytest.raises(error):
        conn.execute(statement, [game], prepare=True)
