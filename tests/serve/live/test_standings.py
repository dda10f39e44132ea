"""Standings, scores and the queue of an offline client, from a request to the stream."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.serve.live.client import Db, stream
from tests.serve.web import Web
from tests.workspace.team import acting


@pytest.fixture
def games(login: str) -> Iterator[tuple[Db, list[str]]]:
    """Make the competition cup with four teams; yield a session of the application and the keys of its fixtures."""
    with psycopg.connect(login, autocommit=True) as conn:
        conn.execute("select contest.create_competition('cup', 'Cup', 'round robin')")
        conn.execute("select contest.create_competition('other', 'Other', 'free')")
        for team in ("Ants", "Bees", "Crows", "Ducks"):
            conn.execute("select contest.enter_team('cup', %s)", [team])
        conn.execute("select contest.draw('cup')")
        found = conn.execute("select game_key from contest.fixture where competition_key = 'cup' order by 1").fetchall()
        yield conn, [key for (key,) in found]


def points(states: list[Any]) -> dict[str, float]:
    return {row["team_key"]: row["points"] for row in states[-1]["standings"]}


def settled(conn: Db, game: str, home: int, away: int, owner: str) -> None:
    """Submit a score in the name of a person, which the application then confirms."""
    key = f"key {game}"
    with conn.transaction():
        conn.execute("select set_config('app.principal_id', %s, true)", [owner])
        conn.execute("select contest.submit_score(%s, %s, %s, %s)", [game, home, away, key])
    (version,) = conn.execute("select version from contest.fixture where game_key = %s", [game]).fetchone()
    conn.execute("select contest.confirm_score(%s, %s)", [key, version])


@pytest.fixture
def owner(db: Db, tenants: dict[str, str]) -> str:
    with acting(db, tenants["ours"]):
        return str(db.execute("select core.add_member('o@example.org', 'O', 'owner')").fetchone()[0])


def test_standings_follow_results(web: Web, games: tuple[Db, list[str]], owner: str, tokens: dict[str, str]) -> None:
    conn, keys = games
    path = "/live/standings?competition=cup"
    with (
        stream(web, path, tokens["ours"]) as ours,
        stream(web, path, tokens["theirs"]) as theirs,
        stream(web, "/live/scores", tokens["ours"]) as scores,
        stream(web, f"/live/scores?stream={keys[1]}", tokens["ours"]) as one_game,
    ):
        ours.wait(lambda: bool(ours.states("standings")))
        assert set(points(ours.states("standings")).values()) == {0}
        settled(conn, keys[0], 3, 1, owner)
        ours.wait(lambda: sorted(points(ours.states("standings")).values()) == [0, 0, 0, 1])
        settled(conn, keys[1], 2, 2, owner)
        ours.wait(lambda: sum(points(ours.states("standings")).values()) == 2)
        conn.execute("select contest.amend_result(%s, 5, 2, 'the other sheet')", [keys[1]])
        ours.wait(lambda: sorted(points(ours.states("standings")).values()) == [0, 0, 1, 1])
        scores.wait_for(5)
        kinds = [event["event_type"] for _, data in scores.messages for event in data]
        assert kinds == ["score.submitted", "result.confirmed"] * 2 + ["result.amended"]
        assert one_game.wait_for(3) == [(keys[1], version) for version in (1, 2, 3)]
        assert theirs.states("standings") == [{"competition": "cup", "standings": []}]
    with stream(web, path, tokens["ours"]) as late:
        late.wait(lambda: bool(late.states("standings")))
        assert sorted(points(late.states("standings")).values()) == [0, 0, 1, 1]


def test_queue_of_an_offline_client_reaches_the_followers(
    web: Web, games: tuple[Db, list[str]], tenants: dict[str, str], db: Db
) -> None:
    _, keys = games
    with acting(db, tenants["ours"]):
        key = db.execute("select core.create_api_key('phone', array['read', 'write'])").fetchone()[0]
    actions = [{"id": "a1", "fixture": keys[0], "version": 0, "do": "submit", "home": 3, "away": 1}]
    actions.append(actions[0] | {"id": "a2"})
    with stream(web, "/live/scores", key) as follower:
        answers = [web.post("/rpc/apply_offline", {"p_actions": actions}, key, Content_Profile="contest") for _ in "12"]
        assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
        assert [row["outcome"] for row in answers[0].json()] == ["applied", "conflict"], answers[0].text
        follower.wait_for(1)
    assert answers[0].json() == answers[1].json(), "an action is applied once, however often it is sent"
    assert follower.events() == [(keys[0], 1)]
