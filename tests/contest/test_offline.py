"""Actions of offline clients apply once, with the same result in any order of arrival."""

import json
import random
from collections.abc import Callable
from itertools import permutations
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contest.live import Cup, Db, at_once, broken_promises

APPLY = "select action_id, outcome, version, reason from contest.apply_offline(%s)"
STATE = (
    "select relation, key, facts - "
    "'{tenant_id,submitted_at,due_at,decided_at,raised_at,settled_at,entered_at}'::text[] "
    "from contest.projected_rows('cup') "
    "where relation in ('entrant', 'fixture', 'score_submission', 'dispute', 'point_entry') "
    "order by 1, 2"
)
Action = dict[str, Any]


def submit(id_: str, game: str, version: int, home: int, away: int) -> Action:
    return {"id": id_, "fixture": game, "version": version, "do": "submit", "home": home, "away": away}


def confirm(id_: str, game: str, version: int) -> Action:
    return {"id": id_, "fixture": game, "version": version, "do": "confirm"}


def dispute(id_: str, game: str, version: int) -> Action:
    return {"id": id_, "fixture": game, "version": version, "do": "dispute", "reason": "no"}


def amend(id_: str, game: str, version: int, home: int, away: int) -> Action:
    return {"id": id_, "fixture": game, "version": version, "do": "amend", "home": home, "away": away, "reason": "so"}


def send(conn: Db, actions: list[Action]) -> list[tuple[Any, ...]]:
    return conn.execute(APPLY, [json.dumps(actions)]).fetchall()


@pytest.fixture
def cup(make_cup: Callable[..., Cup]) -> Cup:
    cup = make_cup(4)
    for home, away in ((0, 1), (2, 3), (0, 2)):
        cup.add(home, away)
    return cup


def test_batch_applies_once_and_lists_its_conflicts(cup: Cup) -> None:
    one, two, three = cup.games
    with cup.acting() as conn:
        conn.execute("select contest.submit_score(%s, 9, 9, 'said online meanwhile')", [three])
    batch = [
        amend("a4", one, 2, 5, 1),
        submit("a1", one, 0, 3, 1),
        submit("b1", two, 0, 1, 1),
        submit("b0", two, 0, 2, 1),  # same version as b1: the smaller id is applied first
        dispute("b2", two, 1),
        submit("c1", three, 0, 4, 4),  # the fixture has a later version
        {"id": "c2", "fixture": three, "version": 1, "do": "dispute", "reason": "as c1 says"},
        {"id": "d1", "fixture": "no such", "version": 0, "do": "submit", "home": 1, "away": 0},
        {"id": "d2", "fixture": one, "version": 3, "do": "explode"},
    ]
    expected = [
        ("a1", "applied", 1, None),
        ("a4", "conflict", 1, f"fixture {one} is at version 1, expected 2"),
        ("b0", "applied", 1, None),
        ("b1", "conflict", 1, f"fixture {two} is at version 1, expected 0"),
        ("b2", "conflict", 1, "an action before it met a conflict"),
        ("c1", "conflict", 1, f"fixture {three} is at version 1, expected 0"),
        ("c2", "conflict", 1, "an action before it met a conflict"),
        ("d1", "conflict", None, "fixture no such does not exist"),
        ("d2", "conflict", 1, "an action before it met a conflict"),
    ]
    with cup.acting(cup.official) as conn:
        assert send(conn, batch) == expected
        for _ in range(3):
            random.shuffle(batch)
            assert send(conn, batch) == expected
        changed = send(conn, [submit("a1", one, 0, 3, 2)])
        assert changed == [("a1", "mismatch", 1, "the id was for another action")]
    with cup.acting(cup.players[1]) as conn:
        assert send(conn, [confirm("a2", one, 1)]) == [("a2", "applied", 2, None)]
    assert cup.db.execute("select count(*) from contest.score_submission").fetchone() == (3,)
    assert cup.differences() == []


def test_sender_needs_the_right_for_each_action(cup: Cup) -> None:
    one = cup.games[0]
    with cup.acting(cup.players[0]) as conn:
        answer = send(conn, [submit("a1", one, 0, 3, 1), confirm("a2", one, 1)])
        assert [row[:3] for row in answer] == [("a1", "applied", 1), ("a2", "conflict", 1)]
        assert "other side" in answer[1][3]
        (row,) = send(conn, [amend("a3", one, 1, 3, 3)])
        assert row[:2] == ("a3", "conflict")
    with cup.acting(cup.players[2]) as conn:  # a player of another fixture
        (row,) = send(conn, [confirm("a4", one, 1)])
        assert row[:2] == ("a4", "conflict")
    assert broken_promises(cup.db) == []


@pytest.mark.parametrize(
    "batch",
    [
        {},
        None,
        ["a"],
        [{"id": "a"}],
        [{"id": "", "fixture": "f", "version": 0}],
        [{"id": "a", "fixture": "f", "version": "0"}],
        [{"id": "a", "fixture": "f", "version": -1}],
        [{"id": "a", "fixture": "f", "version": 1.5}],
        [{"id": "a" * 201, "fixture": "f", "version": 1}],
        [{"id": str(n), "fixture": "f", "version": 1} for n in range(1001)],
    ],
)
def test_malformed_batch_is_refused_as_a_whole(cup: Cup, batch: Any) -> None:
    with cup.acting() as conn, pytest.raises(psycopg.errors.InvalidParameterValue):
        send(conn, batch)


def test_invalid_value_is_a_conflict_of_its_action_only(cup: Cup) -> None:
    one, two, _ = cup.games
    batch = [
        {"id": "a", "fixture": one, "version": 0, "do": "submit", "home": "three", "away": 1},
        {"id": "b", "fixture": one, "version": 0, "do": "submit", "home": 99999999999, "away": 1},
        {"id": "c", "fixture": one, "version": 0, "do": "submit"},
        {"id": "d", "fixture": one, "version": 0, "do": None},
        submit("e", two, 0, 1, 0),
    ]
    with cup.acting() as conn:
        assert [row[1] for row in send(conn, batch)] == ["conflict"] * 4 + ["applied"]


IDS = st.integers(0, 5).map("id {}".format)
GAMES, VERSIONS, SCORES = st.sampled_from(["cup/1", "cup/2"]), st.integers(0, 3), st.integers(0, 2)
ACTIONS = st.one_of(
    st.builds(submit, IDS, GAMES, VERSIONS, SCORES, SCORES),
    st.builds(dispute, IDS, GAMES, VERSIONS),
    st.builds(confirm, IDS, GAMES, VERSIONS),
    st.builds(amend, IDS, GAMES, VERSIONS, SCORES, SCORES),
)


@pytest.mark.long
@pytest.mark.parametrize("batches", [5, pytest.param(15, marks=[pytest.mark.slow, pytest.mark.exhaustive])])
def test_result_is_independent_of_order_and_device(batches: int, make_cup: Callable[..., Cup]) -> None:
    @settings(
        max_examples=batches, deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=True
    )
    @given(batch=st.lists(ACTIONS, min_size=2, max_size=8), seed=st.integers())
    def check(batch: list[Action], seed: int) -> None:
        ends = []
        for turn in range(3):
            cup = make_cup(2)
            cup.add(0, 1)
            cup.add(0, 1)
            with cup.acting() as conn:
                # one of the fixtures already has events
                conn.execute("select contest.submit_score('cup/2', 1, 0, 'before')")
            dice = random.Random(seed + turn)
            first, second = (dice.sample(batch, len(batch)) for _ in range(2))
            with cup.acting(cup.official) as one, cup.acting(cup.official) as other:
                told = send(one, first)
                assert send(other, second) == told
                assert send(one, first) == told
            with cup.db.transaction():
                cup.db.execute("select set_config('app.tenant_id', %s, true)", [cup.tenant])
                end = json.dumps((told, cup.db.execute(STATE).fetchall()), default=str)
            ends.append(end.replace(cup.official, "official"))
            assert broken_promises(cup.db) == []
            assert cup.differences() == []
        assert ends[0] == ends[1] == ends[2]

    check()


def test_concurrent_devices_get_the_same_outcomes(make_cup: Callable[..., Cup]) -> None:
    for number, order in enumerate(permutations(range(3))):
        cup = make_cup(4)
        games = [cup.add(0, 1), cup.add(2, 3), cup.add(1, 2)]
        batch = [submit(f"{number} {game}", game, 0, 2, 1) for game in games]
        batch += [dispute(f"{number} {game} no", game, 1) for game in games]
        shuffled = [batch[n] for n in order] + [batch[n + 3] for n in order]
        answers = at_once(
            [(cup.dsn(cup.official), lambda conn, b=b: send(conn, b)) for b in (batch, shuffled, batch[::-1])]
        )
        assert answers[0] == answers[1] == answers[2]
        assert {row[1] for row in answers[0]} == {"applied"}
        assert cup.db.execute(
            "select sum(version) from contest.fixture where tenant_id = %s", [cup.tenant]
        ).fetchone() == (6,)
    assert cup.db.execute("select deadlocks from pg_stat_database where datname = current_database()").fetchone() == (
        0,
    )
    assert broken_promises(cup.db) == []
