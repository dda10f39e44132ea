"""The plan for one game is a function of its revisions, its schedule and its fixture. No server is needed."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stanchion.ingest.loading.decide import Choice, position
from stanchion.ingest.loading.fixture import Scheduled
from stanchion.ingest.loading.plan import Archived, Known, Plan, Selection, UnknownDayError, plan, select
from stanchion.ingest.loading.session import Settings
from stanchion.ingest.reading.league import LeagueRules, Rulebook

START = datetime(2026, 1, 16, 20, tzinfo=UTC)
DAY, OTHER_DAY = date(2026, 1, 16), date(2026, 2, 3)
HALVES = Rulebook([(date(2026, 2, 1), LeagueRules(periods=2))])
NO_RULES = Rulebook()


def row(name: str, minutes: int | None = 0, events: int = 40, state: str = "archived", **columns: Any) -> Any:
    """Return a row of landing.revision."""
    exported_at = None if minutes is None else START + timedelta(minutes=minutes)
    defaults = {
        "content_hash": name.encode(),
        "exported_at": exported_at,
        "first_exported_at": exported_at,
        "rank": None,
        "format": "game export",
        "game_date": None,
        "given_on": None,
        "is_accepted": False,
        "state": state,
        "home_team": f"Home {name}",
        "away_team": f"Away {name}",
        "events_accepted": events,
        "stints_accepted": 0,
    }
    return SimpleNamespace(**defaults | columns)


def selection(*rows: Any, choice: Choice | None = None, hours: int = 0) -> Selection:
    return select(rows, choice, Settings(Decimal(10), timedelta(hours=hours), NO_RULES))


def scheduled(day: date = DAY) -> Scheduled:
    return Scheduled("18001", day, "home", "away", None, None, None, None, None, "schedule", False)


def fixture(content_hash: bytes | None, day: date = DAY) -> dict[str, Any]:
    return {"content_hash": content_hash, "played_on": day}


def new(name: str) -> Archived:
    return Archived(name.encode(), is_new=True, is_original=True)


def copy(name: str, *, is_original: bool = False) -> Archived:
    return Archived(name.encode(), is_new=False, is_original=is_original)


def planned(known: Known, archived: Archived | None = None, rules: Rulebook = NO_RULES) -> Plan:
    found = plan(known, archived, rules)
    assert found is not None
    return found


def changes(found: Plan) -> tuple[str | None, date | None, date | None, bool, str]:
    return found.source, found.move_from, found.remove_from, found.needs_partition, found.outcome


def test_select_reports_only_states_that_changed() -> None:
    found = selection(row("a", 0, state="published"), row("b", 5), row("c", 9, events=0, state="empty"))
    assert found.published == b"b"
    assert found.changed_states == {b"a": "archived", b"b": "published"}


def test_teams_come_from_the_published_else_the_last_revision() -> None:
    assert selection(row("a"), row("b", 5, events=9)).teams == ("home a", "away a")
    assert selection(row("a", events=0), row("b", 5, events=0)).teams == ("home b", "away b")
    assert selection().teams == ("", "")


def test_day_comes_from_roster_then_option_then_export() -> None:
    assert (selection(row("a")).day, selection(row("a")).day_source) == (DAY, "export")
    assert selection(row("a"), hours=5).day == date(2026, 1, 17)
    given_on = row("a", given_on=OTHER_DAY)
    assert (selection(given_on).day, selection(given_on).day_source) == (OTHER_DAY, "given")
    assert selection(given_on, row("b", 5, game_date=DAY)).day_source == "roster"
    assert selection(row("a", None)).day is None


def test_withdrawal_is_a_choice_of_no_revision() -> None:
    a = row("a")
    found = selection(a, choice=Choice(None, position(a.exported_at, a.content_hash)))
    assert (found.published, found.is_withdrawn) == (None, True)
    assert not selection(a, choice=Choice(b"a", position(a.exported_at, a.content_hash))).is_withdrawn


def test_unknown_game_needs_no_change() -> None:
    assert plan(Known(selection()), None, NO_RULES) is None


def test_game_without_a_day_is_refused() -> None:
    with pytest.raises(UnknownDayError, match="--played-on"):
        plan(Known(selection(row("a", None))), new("a"), NO_RULES)
    assert planned(Known(selection(row("a", None)), scheduled()), new("a")).day == DAY


def test_first_export_is_published_from_the_arrival() -> None:
    found = planned(Known(selection(row("a"))), new("a"))
    assert changes(found) == ("arrival", None, None, True, "published")
    assert found.is_rewritten
    assert not found.is_by_another


def test_newer_revision_replaces_the_rows() -> None:
    found = planned(Known(selection(row("a"), row("b", 5)), fixture=fixture(b"a")), new("b"))
    assert changes(found) == ("arrival", None, DAY, True, "published")


def test_older_revision_is_archived_and_the_rows_stay() -> None:
    found = planned(Known(selection(row("a"), row("b", 5)), fixture=fixture(b"b")), new("a"))
    assert changes(found) == ("stored", None, None, False, "archived")


def test_older_revision_can_reveal_a_loss_of_events() -> None:
    """The arrival shows that the published revision lost events. The arrival itself is then published."""
    found = planned(Known(selection(row("a", 0, 40), row("b", 5, 20)), fixture=fixture(b"b")), new("a"))
    assert changes(found) == ("arrival", None, DAY, True, "published")


def test_arrival_can_cause_the_publication_of_another_revision() -> None:
    """The earliest arrival makes the second revision a loss, and the third one acceptable compared to it."""
    revisions = [row("a", 0, 100), row("b", 5, 50), row("c", 9, 95), row("d", 12, 70)]
    known = Known(selection(*revisions), fixture=fixture(b"d"))
    found = planned(known, new("a"))
    assert known.selection.published == b"c"
    assert (found.source, found.outcome, found.is_by_another) == ("archive", "archived", True)


def test_same_content_again_changes_nothing() -> None:
    found = planned(Known(selection(row("a")), fixture=fixture(b"a")), copy("a"))
    assert changes(found) == ("stored", None, None, False, "unchanged")


def test_earlier_copy_of_the_published_content_is_rewritten() -> None:
    found = planned(Known(selection(row("a")), fixture=fixture(b"a")), copy("a", is_original=True))
    assert changes(found) == ("arrival", None, DAY, True, "unchanged")


def test_quarantined_copy_is_reported_each_time() -> None:
    known = Known(selection(row("a"), row("b", 5, events=9)), fixture=fixture(b"a"))
    assert planned(known, copy("b")).outcome == "quarantined"
    assert planned(known, new("b")).source == "stored"


def test_empty_export_creates_a_fixture_without_rows() -> None:
    found = planned(Known(selection(row("a", events=0))), new("a"))
    assert changes(found) == (None, None, None, False, "empty")


def test_schedule_moves_the_rows() -> None:
    known = Known(selection(row("a")), scheduled(OTHER_DAY), fixture(b"a"))
    assert known.may_have_expired(restore=False)
    assert changes(planned(known)) == ("stored", DAY, DAY, True, "moved")
    assert changes(planned(known, copy("a"))) == ("stored", DAY, DAY, True, "moved")


def test_move_under_other_rules_rewrites_from_the_archive() -> None:
    known = Known(selection(row("a")), scheduled(OTHER_DAY), fixture(b"a"))
    assert changes(planned(known, rules=HALVES)) == ("archive", None, DAY, True, "moved")


def test_changed_rules_alone_rewrite_nothing() -> None:
    known = Known(selection(row("a")), fixture=fixture(b"a"))
    rules = Rulebook([(date(2025, 1, 1), LeagueRules(periods=2))])
    assert planned(known, rules=rules).source == "stored"


def test_expired_rows_are_restored_from_the_archive() -> None:
    known = Known(selection(row("a")), fixture=fixture(b"a"), has_expired=True)
    assert changes(planned(known)) == ("archive", None, DAY, True, "unchanged")


def test_expiry_is_read_only_for_the_same_revision() -> None:
    stays = Known(selection(row("a")), fixture=fixture(b"a"))
    assert (stays.may_have_expired(restore=True), stays.may_have_expired(restore=False)) == (True, False)
    assert not Known(selection(row("a")), fixture=fixture(b"b")).may_have_expired(restore=True)
    assert not Known(selection(row("a"))).may_have_expired(restore=True)


def test_withdrawn_game_loses_its_rows() -> None:
    a = row("a", state="published")
    withdrawn = selection(a, choice=Choice(None, position(a.exported_at, a.content_hash)))
    found = planned(Known(withdrawn, fixture=fixture(b"a")))
    assert changes(found) == (None, None, DAY, False, "unchanged")


def test_scheduled_game_without_exports_has_no_rows() -> None:
    found = planned(Known(selection(), scheduled()))
    assert changes(found) == (None, None, None, False, "unchanged")


names = st.sampled_from("abcd")
known_games = st.builds(
    Known,
    st.lists(
        st.builds(row, names, st.integers(0, 9), st.integers(0, 20)),
        min_size=1,
        unique_by=lambda each: each.content_hash,
    ).map(lambda rows: selection(*rows)),
    st.one_of(st.none(), st.builds(scheduled, st.sampled_from((DAY, OTHER_DAY)))),
    st.one_of(
        st.none(),
        st.builds(
            fixture, st.one_of(st.none(), names.map(str.encode)), st.sampled_from((DAY, OTHER_DAY, date(2026, 3, 1)))
        ),
    ),
)


@given(known_games, st.sampled_from((NO_RULES, HALVES)), st.data())
def test_plan_leaves_rows_on_one_day_only(known: Known, rules: Rulebook, data: st.DataObject) -> None:
    """After the plan, rows exist on the planned day if and only if a revision is published."""
    arrivals = sorted(known.selection.states)
    archived = data.draw(
        st.one_of(st.none(), st.builds(Archived, st.sampled_from(arrivals), st.just(value=False), st.booleans()))
    )
    found = planned(known, archived, rules)
    days = {known.stored_day} - {None, found.remove_from}
    if found.is_rewritten or found.move_from:
        days.add(found.day)
    assert days == ({found.day} if known.selection.published else set())
    assert (found.source is None) == (known.selection.published is None)
    assert found.needs_partition or found.day in days or not days
    assert found.move_from in (None, found.remove_from)
