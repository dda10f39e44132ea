"""Events that subscribers receive together, and their filters."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import msgspec

from stanchion.serve.live.position import Position, Snapshot

Wire = Literal["sse", "websocket"]
_MOST_BYTES = 256 * 1024  # of payloads after which a batch ends: clients limit the size of a message


class Event(msgspec.Struct, frozen=True):
    """An event as clients receive it."""

    stream_type: str
    stream_id: str
    version: int
    event_type: str
    recorded_at: str
    payload: msgspec.Raw

    @classmethod
    def of_row(cls, row: tuple[Any, ...]) -> Event:
        stream_type, stream_id, version, event_type, recorded_at, payload = row[:6]
        return cls(stream_type, stream_id, version, event_type, recorded_at, msgspec.Raw(payload.encode()))


class Found(NamedTuple):
    """An event as it was read, with its place among the events of the tenant."""

    event: Event
    size: int  # bytes of the payload
    transaction: int
    number: int
    writer: int  # the transaction that wrote the event, at the latest the one of its place

    @classmethod
    def of_row(cls, row: tuple[Any, ...]) -> Found:
        return cls(Event.of_row(row), len(row[5]), *row[6:9])


@dataclass(frozen=True)
class Filter:
    """The events that a subscriber receives. An empty set accepts every value."""

    types: frozenset[str] = frozenset()  # types of streams, such as contest.fixture
    streams: frozenset[str] = frozenset()  # ids of streams
    kinds: frozenset[str] = frozenset()  # types of events; "score." accepts all that begin with it

    def accepts(self, event: Event) -> bool:
        return (
            (not self.types or event.stream_type in self.types)
            and (not self.streams or event.stream_id in self.streams)
            and (
                not self.kinds
                or event.event_type in self.kinds
                or event.event_type.partition(".")[0] + "." in self.kinds
            )
        )


@dataclass
class Batch:
    """Events and the position after them. The frame for each filter is made once for all of its subscribers."""

    position: Position
    events: list[Event]
    _frames: dict[tuple[Filter, Wire], bytes | None] = field(default_factory=dict)
    _by_stream: dict[str, list[Event]] = field(default_factory=dict)

    def frame(self, wanted: Filter, wire: Wire) -> bytes | None:
        """Return the frame with the events that the filter accepts, or None without any."""
        key = (wanted, wire)
        if key not in self._frames:
            found = [event for event in self._candidates(wanted) if wanted.accepts(event)]
            self._frames[key] = frame(wire, "events", msgspec.json.encode(found), self.position) if found else None
        return self._frames[key]

    def _candidates(self, wanted: Filter) -> list[Event]:
        """Return the events of the streams of a filter: hundreds of filters name one stream each."""
        if len(wanted.streams) != 1:
            return self.events
        if not self._by_stream:
            for event in self.events:
                self._by_stream.setdefault(event.stream_id, []).append(event)
        return self._by_stream.get(next(iter(wanted.streams)), [])

    @property
    def size(self) -> int:
        """Return about the number of bytes that the batch takes in memory."""
        return sum(300 + len(bytes(event.payload)) for event in self.events)

    @property
    def made(self) -> int:
        """Return about the number of bytes that its messages take in memory, and its lists of events."""
        return 300 + 20 * len(self.events) + sum(100 + len(data or b"") for data in self._frames.values())


def batches_of(
    found: list[Found], position: Position, to: Snapshot, last: Found | None
) -> tuple[list[Batch], Position]:
    """Return events after a position in batches, and the position after them: at a snapshot, or at the last event."""
    after = position.within(to.text, last.transaction, last.number) if last is not None else Position(to)
    batches: list[Batch] = []
    events: list[Event] = []
    size = 0
    for each in found:
        events.append(each.event)
        size += each.size
        if size > _MOST_BYTES or each is found[-1]:
            place = after if each is found[-1] else position.within(to.text, each.transaction, each.number)
            batches.append(Batch(place, events))
            events, size = [], 0
    return batches, after


def frame(wire: Wire, kind: str, text: bytes, position: Position | None = None) -> bytes:
    """Return a message of a stream as it is written to the connection. The JSON contains no line break."""
    name = kind.encode()
    if wire == "sse":
        return _chunk(b"%sevent: %s\ndata: %s\n\n" % (_line(position), name, text))
    place = b'"id":"%s",' % str(position).encode() if position else b""
    return _websocket_frame(b'{%s"event":"%s","data":%s}' % (place, name, text))


def beat(wire: Wire, position: Position) -> bytes:
    """Return a heartbeat: it shows that the connection lives, and moves the position of a client without events."""
    if wire == "websocket":
        return frame(wire, "alive", b"null", position)
    return _chunk(_line(position) + b": alive\n\n")


def _line(position: Position | None) -> bytes:
    return b"id: %s\n" % str(position).encode() if position else b""


def _chunk(text: bytes) -> bytes:
    """Return a chunk of HTTP/1.1."""
    return b"%x\r\n%s\r\n" % (len(text), text)


def _websocket_frame(text: bytes) -> bytes:
    """Return a final frame of text without a mask, as RFC 6455 requires of a server."""
    size = len(text)
    if size < 126:
        return bytes((0x81, size)) + text
    return (struct.pack("!BBH", 0x81, 126, size) if size < 65536 else struct.pack("!BBQ", 0x81, 127, size)) + text
