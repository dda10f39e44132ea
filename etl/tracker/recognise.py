"""Which format a file is in: by what is in it, never by its name or by a version that it claims.

Formats register themselves by being a file in etl/tracker/formats with a FORMATS tuple.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from etl.tracker import formats
from etl.tracker.errors import UnreadableError
from etl.tracker.jsontext import Envelope
from etl.tracker.model import Game


@dataclass(frozen=True)
class JsonFormat:
    """A JSON object, told by its keys."""

    name: str
    recognises: Callable[[set[str]], bool]
    read: Callable[[Envelope], Iterator[Game]]


@cache
def registered() -> tuple[JsonFormat, ...]:
    """Every format, in the order of the names of their files."""
    names = sorted(module.name for module in pkgutil.iter_modules(formats.__path__))
    return tuple(entry for name in names for entry in importlib.import_module(f"{formats.__name__}.{name}").FORMATS)


def read(data: bytes) -> Iterator[Game]:
    envelope = Envelope(data)
    for kind in registered():
        if kind.recognises(set(envelope.keys)):
            yield from kind.read(envelope)
            return
    raise UnreadableError("The file is JSON, but has the keys of no format that is read here.")
