"""The parameters of a stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from starlette.requests import HTTPConnection

from stanchion.serve.live.batch import Filter
from stanchion.serve.live.position import Position, parse
from stanchion.serve.problems import Problem

_NOTHING = Filter(types=frozenset({""}))
_MOST_VALUES, _MOST_COMPETITIONS, _MOST_PRINCIPALS, _LONGEST = 100, 20, 1000, 200
_FROM = {"from": "Position after which events are sent, instead of the header Last-Event-ID."}

# The streams, each with its purpose and its parameters.
STREAMS: dict[str, tuple[str, dict[str, str]]] = {
    "events": (
        "Follow the events of the tenant.",
        {
            "type": "Types of streams, such as contest.fixture.",
            "stream": "Ids of streams, such as cup/1.",
            "kind": "Types of events; score. accepts every type that begins with it.",
            **_FROM,
        },
    ),
    "scores": (
        "Follow the scores and the results of fixtures.",
        {"stream": "Fixtures, such as cup/1 (default: every fixture).", **_FROM},
    ),
    "standings": (
        "Follow the standings of competitions.",
        {"competition": "Competitions; at least one is required.", **_FROM},
    ),
    "presence": (
        "Follow whether principals are online, as far as the sender may know.",
        {"principal": "UUIDs of principals.", **_FROM},
    ),
}


@dataclass(frozen=True)
class Wanted:
    """The events, competitions and principals that a client follows, and the position at which it resumes."""

    filter: Filter = _NOTHING
    competitions: frozenset[str] = frozenset()
    principals: tuple[UUID, ...] = field(default=())
    position: Position | None = None


def wanted(kind: str, request: HTTPConnection) -> Wanted:
    """Return the wishes of a request for a stream, or raise a problem with status 400 or 404."""
    if kind not in STREAMS:
        raise Problem(404, f"stream {kind[:50]} does not exist: choose one of {', '.join(STREAMS)}")
    query = request.query_params
    for name in query:
        if name not in STREAMS[kind][1]:
            expected = ", ".join(sorted(STREAMS[kind][1]))
            raise Problem(400, f"the stream {kind} has no parameter {name[:50]}: it has {expected}")
    position = _position(request.headers.get("last-event-id") or query.get("from"))
    match kind:
        case "events":
            values = (_values(query.getlist(name), name) for name in ("type", "stream", "kind"))
            return Wanted(Filter(*values), position=position)
        case "scores":
            streams = _values(query.getlist("stream"), "stream")
            found = Filter(frozenset({"contest.fixture"}), streams, frozenset({"score.", "result."}))
            return Wanted(found, position=position)
        case "standings":
            names = _values(query.getlist("competition"), "competition", _MOST_COMPETITIONS)
            if not names:
                raise Problem(400, "the stream standings needs a parameter competition")
            return Wanted(competitions=names, position=position)
    try:
        given = _values(query.getlist("principal"), "principal", _MOST_PRINCIPALS)
        principals = tuple(UUID(each) for each in sorted(given))
    except ValueError:
        raise Problem(400, "a parameter principal is not a UUID") from None
    return Wanted(principals=principals, position=position)


def _position(text: str | None) -> Position | None:
    if not text:
        return None
    found = parse(text)
    if found is None:
        raise Problem(400, "the position is not one that this server sends: leave out Last-Event-ID and from")
    return found


def _values(given: Sequence[str], name: str, most: int = _MOST_VALUES) -> frozenset[str]:
    """Return the values of a parameter, which may be repeated or have commas between values."""
    found = frozenset(each for text in given for each in text.split(",") if each)
    if len(found) > most:
        raise Problem(400, f"{len(found)} values of {name}, at most {most} are allowed")
    if any(len(each) > _LONGEST or "\0" in each for each in found):
        raise Problem(400, f"a value of {name} is longer than {_LONGEST} characters or contains a null character")
    return found
