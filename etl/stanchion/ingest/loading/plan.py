"""Plan the changes to one game: pure functions of the archived revisions, the schedule and the fixture as stored.

Store reads the game, calls `select` and `plan`, and writes the planned changes. See update_locked in store.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from stanchion.errors import StanchionError
from stanchion.ingest.loading.decide import Choice, Revision, State, decide, position, source_of
from stanchion.ingest.loading.fixture import Dates, Scheduled
from stanchion.ingest.loading.keys import name_key
from stanchion.ingest.loading.session import Settings
from stanchion.ingest.reading.league import Rulebook

Source = Literal["arrival", "archive", "stored"]


class UnknownDayError(StanchionError):
    """The date of a game is unknown, or no game can be played on it."""


@dataclass(frozen=True)
class Selection:
    """The revision to publish, and the facts about the game that its revisions contain."""

    published: bytes | None
    states: dict[bytes, State]
    changed_states: dict[bytes, State]  # of revisions whose stored state differs
    has_revisions: bool
    teams: tuple[str, str]  # keys of the home and the away team; empty texts without revisions
    day: date | None
    day_source: str
    is_withdrawn: bool  # an operator chose to publish nothing


@dataclass(frozen=True)
class Archived:
    """The result of archiving the game that a file contains."""

    content_hash: bytes
    is_new: bool  # no revision had this content before
    is_original: bool  # this copy is now the one that is archived for its content
    is_extended: bool = False  # this copy was merged from more or larger documents than the one archived before


@dataclass(frozen=True)
class Known:
    """One game as read from the database under its lock."""

    selection: Selection
    scheduled: Scheduled | None = None
    fixture: dict[str, Any] | None = None  # the columns of contest.fixture, as stored
    has_expired: bool = False  # the rows of the published revision were removed with their partition

    @property
    def day(self) -> date | None:
        """The date of the game: from the schedule, else from its revisions."""
        return self.scheduled.played_on if self.scheduled else self.selection.day

    @property
    def stored_day(self) -> date | None:
        """The date under which rows of the game are published (None: nothing is published)."""
        return self.fixture["played_on"] if self.fixture and self.fixture["content_hash"] is not None else None

    def may_have_expired(self, restore: bool) -> bool:
        """Return whether `has_expired` must be read: only when the same revision is to be restored or moved."""
        published = self.selection.published
        is_same = published is not None and self.fixture is not None and self.fixture["content_hash"] == published
        return is_same and (restore or self.stored_day != self.day)


@dataclass(frozen=True)
class Plan:
    """The changes to the rows of a game, and the outcome to report."""

    day: date
    source: Source | None  # where the tracked part of the fixture comes from (None: nothing is published)
    move_from: date | None  # copy the rows from this date to `day`
    remove_from: date | None  # then delete the rows of this date
    needs_partition: bool  # rows are written on `day`
    outcome: str
    is_by_another: bool  # the arrival caused the publication of another revision

    @property
    def is_rewritten(self) -> bool:
        """Whether the rows are written from an export, after their league's rules were applied."""
        return self.source in ("arrival", "archive")


def revision_of(row: Any) -> Revision:
    """Convert a row of landing.revision to the facts that the decision depends on."""
    return Revision(
        content_hash=row.content_hash,
        exported_at=row.exported_at,
        events=row.events_accepted,
        is_empty=not row.events_accepted and not row.stints_accepted,
        is_accepted=row.is_accepted,
        rank=row.rank,
        source=source_of(row.format),
    )


def select(revisions: Iterable[Any], choice: Choice | None, settings: Settings) -> Selection:
    """Decide which of the rows of landing.revision is published, and collect the teams and the date."""
    chain = sorted(revisions, key=lambda row: position(row.exported_at, row.content_hash, row.rank))
    published, states = decide(map(revision_of, chain), choice, settings.shrink_percent, settings.sources)
    named = next((row for row in chain if row.content_hash == published), chain[-1] if chain else None)
    day, day_source = Dates.of(chain, settings.ahead_of_utc).day()
    return Selection(
        published=published,
        states=states,
        changed_states={
            row.content_hash: states[row.content_hash] for row in chain if row.state != states[row.content_hash]
        },
        has_revisions=bool(chain),
        teams=(name_key(named.home_team), name_key(named.away_team)) if named else ("", ""),
        day=day,
        day_source=day_source,
        is_withdrawn=choice is not None and choice.content_hash is None,
    )


def plan(known: Known, archived: Archived | None, rules: Rulebook) -> Plan | None:
    """Plan the changes to a game. Return None when the game has neither revisions nor a row of the schedule.

    Rows are written again when another revision is published, when an earlier copy of the same content arrived, when
    the game moves to a date with other league rules, and when they have expired. Otherwise they stay or move.
    """
    if not known.selection.has_revisions and known.scheduled is None:
        return None
    day = known.day
    if day is None:
        raise UnknownDayError("No source has the date of the game; load it again with --played-on DATE.")

    published, stored_day = known.selection.published, known.stored_day
    is_other = published is not None and (known.fixture is None or known.fixture["content_hash"] != published)
    is_moved = stored_day is not None and stored_day != day
    is_arrival = archived is not None and archived.content_hash == published
    is_earlier_copy = archived is not None and is_arrival and archived.is_original
    has_other_rules = published is not None and stored_day is not None and rules.on(stored_day) != rules.on(day)
    is_rewritten = is_other or is_earlier_copy or has_other_rules or known.has_expired

    source: Source | None = None
    if is_rewritten:
        is_in_hand = archived is not None and is_arrival and (archived.is_new or archived.is_original)
        source = "arrival" if is_in_hand else "archive"
    elif published is not None:
        source = "stored"
    return Plan(
        day=day,
        source=source,
        move_from=stored_day if is_moved and source == "stored" else None,
        remove_from=stored_day if is_rewritten or is_moved or published is None else None,
        needs_partition=published is not None and (is_rewritten or is_moved),
        outcome=_outcome(known.selection, archived, is_other, is_moved),
        is_by_another=is_other and archived is not None and not is_arrival,
    )


def _outcome(selection: Selection, archived: Archived | None, is_other: bool, is_moved: bool) -> str:
    if archived is None:
        return "published" if is_other else "moved" if is_moved else "unchanged"
    state = selection.states[archived.content_hash]
    if state == "quarantined" or archived.is_new or archived.is_extended or is_other:
        return state
    return "moved" if is_moved else "unchanged"
