"""Members who are not editors call the functions that look at the person, and those that only read."""

import uuid
from dataclasses import dataclass
from typing import Any

import pytest

from stanchion.server.connection import for_tenant, value
from tests.serve.web import Web, problem, token
from tests.sessions import Db

SCORE = {"game_key": "final", "home": 2, "away": 1}


@dataclass
class Cup:
    """A cup with one fixture between the teams of two viewers, and a third viewer who plays in no team."""

    web: Web
    db: Db
    tenant: str

    def token(self, name: str) -> str:
        return token(self.tenant, email=f"{name}@ours.example", sub=str(uuid.uuid4()))

    def call(self, name: str, function: str, **body: Any) -> Any:
        return self.web.post(f"/rpc/{function}", body, self.token(name))

    def state(self) -> tuple[Any, ...]:
        found = self.db.execute("select status, official_home, official_away from contest.fixture").fetchone()
        assert found is not None
        return tuple(found)


@pytest.fixture
def cup(web: Web, db: Db, tenants: dict[str, str]) -> Cup:
    with for_tenant(db, "ours"):
        db.execute("select contest.create_competition('cup', 'Cup', 'free')")
        for team, name in (("Ants", "ann"), ("Bees", "bob")):
            member = value(db, "select core.add_member(%s, %s, 'viewer')", [f"{name}@ours.example", name])
            db.execute("select contest.enter_team('cup', %s)", [team])
            db.execute("select contest.enter_player('cup', %s, %s, %s, %s)", [team.lower(), name, name, member])
        db.execute("select core.add_member('fan@ours.example', 'Fan', 'viewer')")
        db.execute("select contest.add_fixture('cup', 'ants', 'bees', 'final')")
    return Cup(web, db, tenants["ours"])


def test_players_agree_on_a_score(cup: Cup) -> None:
    submitted = cup.call("ann", "submit_score", **SCORE, key="s1")
    assert (submitted.status_code, submitted.json()["state"]) == (200, "pending")
    assert problem(cup.call("ann", "confirm_score", submission="s1"))[0] == 403, "her side submitted the score"
    confirmed = cup.call("bob", "confirm_score", submission="s1")
    assert confirmed.status_code == 200, confirmed.text
    assert cup.state() == ("final", 2, 1)


def test_a_member_who_does_not_play_changes_no_score(cup: Cup) -> None:
    assert cup.call("ann", "submit_score", **SCORE, key="s1").status_code == 200
    before = cup.state()
    for function, body in (
        ("submit_score", SCORE | {"key": "s2"}),
        ("confirm_score", {"submission": "s1"}),
        ("dispute_score", {"submission": "s1", "reason": "so"}),
    ):
        answer = cup.call("fan", function, **body)
        assert (answer.status_code, answer.json()["code"]) == (403, "42501"), answer.text
    action = {"id": "a1", "fixture": "final", "version": 3, "do": "amend", "home": 9, "away": 0, "reason": "so"}
    for do in ("submit", "confirm", "dispute", "amend"):
        answer = cup.call("fan", "apply_offline", actions=[action | {"do": do, "id": do}])
        assert [each["outcome"] for each in answer.json()] == ["conflict"], answer.text
    assert cup.state() == before
    assert value(cup.db, "select array_agg(distinct event_type) from core.event where event_type ~ 'score'") == [
        "score.submitted"
    ]


def test_a_viewer_calls_with_post_what_only_reads(cup: Cup) -> None:
    """The clients of Supabase send every call with POST."""
    board = cup.call("fan", "leaderboard", competition="cup")
    assert (board.status_code, len(board.json())) == (200, 2)
    for function in ("amend_result", "draw", "save_document", "buy", "wipe", "flush_presence"):
        assert problem(cup.call("fan", function))[1].startswith("only an editor may call ")


def test_an_invited_person_becomes_a_member(cup: Cup) -> None:
    with for_tenant(cup.db, "ours"):
        invitation = value(cup.db, "select workspace.invite('new@ours.example', 'viewer')")
    assert problem(cup.call("new", "submit_score", **SCORE, key="s1"))[0] == 403
    assert problem(cup.call("other", "accept_invitation", token=invitation))[0] == 404, "of another address"
    unverified = token(cup.tenant, email="new@ours.example", email_verified=False)
    assert problem(cup.web.post("/rpc/accept_invitation", {"token": invitation}, unverified))[0] == 404
    foreign = cup.web.post(
        "/rpc/accept_invitation", {"token": invitation}, token(str(uuid.uuid4()), email="new@ours.example")
    )
    assert foreign.status_code == 403
    full = problem(cup.call("new", "accept_invitation", token=invitation))
    assert full == (409, "all 3 seats of the plan are taken")
    with for_tenant(cup.db, "ours"):
        cup.db.execute("select workspace.subscribe('team')")
    same = cup.token("new")
    accepted = cup.web.post("/rpc/accept_invitation", {"token": invitation}, same)
    assert accepted.status_code == 200, accepted.text
    assert (
        value(cup.db, "select email from core.principal where principal_id = %s", [accepted.json()])
        == "new@ours.example"
    )
    assert cup.web.get("/me", same).json()["role"] == "viewer", "at once, although senders are remembered"
    assert problem(cup.call("new", "accept_invitation", token=invitation))[0] == 403, "a member accepts nothing"
