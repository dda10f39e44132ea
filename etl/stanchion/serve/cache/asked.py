"""The parts of a request that decide its answer, from the headers as they arrived."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from starlette.types import Scope

from stanchion.serve.cache.memory import Key

_SENDER = (b"authorization", b"x-api-key", b"apikey", b"host")
_FORM = (b"accept", b"accept-profile", b"prefer", b"range", b"range-unit")
_FRESH = (b"cache-control", b"pragma", b"stanchion-position")
_OTHER = (b"if-none-match", b"content-length", b"content-type")
_NAMES = frozenset((*_SENDER, *_FORM, *_FRESH, *_OTHER))


@dataclass(slots=True)
class Asked:
    """A request to read."""

    path: str
    query_string: bytes
    form: tuple[bytes, ...]
    sender: bytes  # digest of the credentials and the host
    fresh: bool  # the sender wants an answer that is read now
    if_none_match: bytes | None

    def key(self, sender: bytes) -> Key:
        return sender, self.path, self.query_string, self.form


def digest_of(values: tuple[bytes, ...]) -> bytes:
    """Return the digest of the headers that name a sender."""
    return hashlib.sha256(b"\0".join(values)).digest()


def sender_of(scope: Scope) -> bytes:
    """Return the digest of the sender of a request whose headers occur once."""
    found = dict(scope["headers"])
    names = (*_SENDER, b"sec-websocket-protocol") if scope["type"] == "websocket" else _SENDER
    return digest_of(tuple(found.get(name, b"") for name in names))


def asked_of(scope: Scope) -> Asked | None:
    """Return what a request asks, or None when a header that matters occurs twice: its meaning is not clear."""
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in _NAMES:
            if name in found:
                return None
            found[name] = value
    get = found.get
    return Asked(
        scope["path"],
        scope["query_string"],
        tuple([get(name, b"") for name in _FORM]),
        digest_of(tuple([get(name, b"") for name in _SENDER])),
        any(name in found for name in _FRESH),
        get(b"if-none-match"),
    )
