"""A document to read, and the place that its bytes come from."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from stanchion.ingest.reading.errors import UnreadableError

Opener = Callable[[], BinaryIO]  # may be called repeatedly and raises UnreadableError


@dataclass(frozen=True)
class Document:
    """A file to read. `path` is shown to the user; `open` may be called repeatedly and raises UnreadableError."""

    path: str
    open: Opener
    uncompressed: str | None = None  # the path without the suffix of its compression, such as .gz

    @property
    def name(self) -> str:
        """The path of the content: a.json for a.json.gz."""
        return self.uncompressed or self.path


@dataclass(frozen=True)
class Source:
    """Bytes that may be a document, an archive or a compressed file."""

    open: Opener
    size: int | None  # in bytes; None: unknown


def from_bytes(path: str, data: bytes) -> Document:
    """Return a document for data in memory."""
    return Document(path, in_memory(data).open)


def in_memory(data: bytes) -> Source:
    """Return a source of data in memory."""
    return Source(partial(io.BytesIO, data), len(data))


def unreadable(path: str, reason: str) -> Document:
    """Return a document whose `open` raises UnreadableError with this reason."""

    def refuse() -> BinaryIO:
        raise UnreadableError(reason)

    return Document(path, refuse)


def is_system_file(name: str) -> bool:
    """Return whether an operating system or office program, not a user, created a file or folder of this name."""
    return name not in (".", "..") and (name.startswith((".", "~$")) or name == "__MACOSX")
