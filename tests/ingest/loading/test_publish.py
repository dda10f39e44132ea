"""An operator's decision about a game overrides the revisions known so far, and is recorded in the audit log."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import League
from .exports import empty, export, write

Stanchion = Callable[..., Any]


@pytest.fixture
def hashes(league: League, tmp_path: Path) -> dict[str, str]:
    """Load a game with an archived, a published, a quarantined and an empty revision. Return their hashes by events."""
    league.load(
        write(
            tmp_path / "a",
            export(events=40),
            export(minutes=5, events=41),
            export(minutes=9, events=9),
            empty(minutes=12),
        )
    )
    rows = league.rows("select events_accepted, encode(content_hash, 'hex') from landing.revision")
    return {str(events): text for events, text in rows}


def actions(league: League) -> list[Any]:
    rows = league.db.execute(
        "select action, subject, detail from core.audit_log "
        "where tenant_id = %s and action like 'game.%%' order by recorded_at",
        [league.id],
    )
    return rows.fetchall()


def test_published_choice_stays_until_a_later_export(
    league: League, hashes: dict[str, str], stanchion: Stanchion, tmp_path: Path
) -> None:
    done = stanchion(
        "games", "publish", "18001", "--tenant", "harbour", "--revision", hashes["40"][:8], "--reason", "better"
    )
    assert (done.code, league.published()) == (0, 40)
    assert actions(league) == [("game.publish", "18001", {"content_hash": hashes["40"], "reason": "better"})]
    league.load(tmp_path / "a", accept_shrink=False)
    assert league.published() == 40
    league.load(write(tmp_path / "b", export(minutes=30, events=44)))
    assert league.published() == 44


def test_quarantined_revision_needs_the_option(league: League, hashes: dict[str, str], stanchion: Stanchion) -> None:
    refused = stanchion("games", "publish", "18001", "--tenant", "harbour", "--revision", hashes["9"])
    assert (refused.code, league.published()) == (1, 41)
    assert "--quarantined" in refused.err
    done = stanchion("games", "publish", "18001", "--tenant", "harbour", "--revision", hashes["9"], "--quarantined")
    assert (done.code, league.published()) == (0, 9)


def test_invalid_revisions_are_refused_in_one_sentence(
    league: League, hashes: dict[str, str], stanchion: Stanchion
) -> None:
    for game, revision in (("18001", hashes["0"]), ("18001", ""), ("18001", "zz"), ("18001", "%"), ("nope", "a")):
        done = stanchion("games", "publish", game, "--tenant", "harbour", "--revision", revision)
        assert (done.code, "Traceback" in done.err) == (1, False)
    assert (league.published(), actions(league)) == (41, [])


def test_withdrawn_game_stays_withdrawn(
    league: League, hashes: dict[str, str], stanchion: Stanchion, tmp_path: Path
) -> None:
    """The fixture stays, without a content hash. Loading the same files again does not publish the game."""
    load_id = league.one("select load_id from contest.fixture")
    assert stanchion("games", "withdraw", "18001", "--tenant", "harbour").code == 1  # no terminal for the confirmation
    assert stanchion("games", "withdraw", "18001", "--tenant", "harbour", "--yes", "--reason", "a test").code == 0
    assert league.one(f"select content_hash, status, load_id > {load_id} from contest.fixture") == (None, "void", True)
    for table in (
        "play_event",
        "play_participant",
        "play_point",
        "stint",
        "stint_player",
        "roster_entry",
        "game_quality",
    ):
        assert league.rows(f"select 1 from contest.{table}") == [], table
    assert len(league.rows("select 1 from landing.revision")) == 4
    league.load(tmp_path / "a")
    assert league.published() is None
    assert stanchion("games", "withdraw", "18001", "--tenant", "harbour", "--yes").code == 1
    assert stanchion("games", "publish", "18001", "--tenant", "harbour", "--revision", hashes["41"]).code == 0
    assert league.published() == 41
    assert [action for action, _, _ in actions(league)] == ["game.withdraw", "game.publish"]


def test_lists_show_states_outcomes_and_reasons(league: League, hashes: dict[str, str], stanchion: Stanchion) -> None:
    states = stanchion("games", "revisions", "18001", "--tenant", "harbour").out
    assert [line.split()[1] for line in states.splitlines()[1:]] == ["archived", "published", "quarantined", "empty"]
    assert "1 empty" in stanchion("games", "loads", "--tenant", "harbour").out
    assert "--quarantined" in stanchion("games", "rejects", "--tenant", "harbour").out
    assert stanchion("games", "loads", "--tenant", "unknown").code == 1
