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
    encoded: dict[int, msgspec.Raw] = {}  # participants, of which events share many
    contents = [_content(event, encoded) for event in events]
    return hashlib.sha256(msgspec.json.encode([tuple(teams), tuple(rosters), contents, tuple(stints)])).digest()


def _content(event: Event, encoded: dict[int, msgspec.Raw]) -> tuple[Any, ...]:
    fields: tuple[Any, ...] = _event(event)
    people = []
    for person in event.participants:
        text = encoded.get(id(person))
        if text is None:
            encoded[id(person)] = text = msgspec.Raw(msgspec.json.encode(_participant(person)))
        people.append(text)
    return (*fields[:_PARTICIPANTS], people, *fields[_PARTICIPANTS + 1 :])
