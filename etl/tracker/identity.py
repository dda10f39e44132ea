"""The content hash: what makes two exports of a game the same revision, however they are written."""

import hashlib
from collections.abc import Iterable
from operator import attrgetter
from typing import Any

import msgspec

from etl.tracker.model import Entry, Event, Participant, Stint

# What a source wrote literally (the *_raw fields) is not part of the content; neither is anything about the file.
_event = attrgetter(*(field for field in Event.__struct_fields__ if not field.endswith("_raw")))
_EVENT_FIELDS = tuple(field for field in Event.__struct_fields__ if not field.endswith("_raw"))
_participant = attrgetter(*(field for field in Participant.__struct_fields__ if not field.endswith("_raw")))
_PARTICIPANTS = _EVENT_FIELDS.index("participants")


def content_hash(
    teams: Iterable[str], rosters: Iterable[Entry], events: Iterable[Event], stints: Iterable[Stint]
) -> bytes:
    """SHA-256 of teams, rosters, events and stints in canonical form."""
    return hashlib.sha256(
        msgspec.json.encode([tuple(teams), tuple(rosters), [_content(event) for event in events], tuple(stints)])
    ).digest()


def _content(event: Event) -> tuple[Any, ...]:
    fields: tuple[Any, ...] = _event(event)
    people = [_participant(person) for person in event.participants]
    return (*fields[:_PARTICIPANTS], people, *fields[_PARTICIPANTS + 1 :])
