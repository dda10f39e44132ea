"""From what a person names (files, folders, patterns, archives, -) to documents, in an order that is always the same.

Nothing is unpacked to disk. Archives are hostile until proven otherwise: how many files, how large each and how large
together is bounded by what is really read, never by what the archive says. An archive in an archive is opened too,
one in that is not.
"""

import glob
import io
import os
import sys
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, BinaryIO, Final

from stanchion.ingest.reading.errors import UnreadableError

STDIN: Final = "-"
LARGEST_READ: Final = 2 * 2**30  # bytes unpacked from one archive altogether
LARGEST_UNPACKED: Final = 64 * 2**20  # bytes unpacked from a file that was packed well; more only by MOST_TIMES
MOST_TIMES: Final = 100  # text packs ten to twenty times, a bomb a thousand times
LARGEST_INNER: Final = 512 * 2**20  # bytes of an archive within an archive, or of what is piped in: kept in memory
MOST_MEMBERS: Final = 100_000
_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_ENCRYPTED = 0x1
_CHUNK = 256 * 2**10
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)


@dataclass(frozen=True)
class Document:
    """Something to read, by the path that people know it by. `open` may be called again, and raises UnreadableError."""

    path: str
    open: Callable[[], BinaryIO]


def documents(paths: Iterable[str]) -> Iterator[Document]:
    """Every document under the paths. One that cannot be opened is a document too, and says so when it is."""
    for path in paths:
        if path == STDIN:
            yield from _opened(STDIN, _stdin())
            continue
        found = [path] if os.path.lexists(path) else sorted(glob.glob(path, recursive=True))  # noqa: PTH207
        if not found:
            yield _unreadable(path, "There is no such file or folder.")
        for place in found:
            for file in _files(Path(place)):
                yield from _opened(str(file), partial(_file, file))


def listed(paths: Iterable[str]) -> tuple[str, ...]:
    """The paths with the files in place of folders and patterns: what appears later is for the next time."""
    files: list[str] = []
    for path in paths:
        found = [path] if path == STDIN or os.path.lexists(path) else sorted(glob.glob(path, recursive=True))  # noqa: PTH207
        if path == STDIN or not found:
            files.append(path)
            continue
        names = (str(file) for place in found for file in _files(Path(place)))
        files.extend(f"./{name}" if name == STDIN else name for name in names)
    return tuple(files)


def from_bytes(path: str, data: bytes) -> Document:
    """A document that is in memory already."""
    return Document(path, lambda: io.BytesIO(data))


def _files(place: Path) -> Iterator[Path]:
    """The files of a folder and its folders, without what systems leave behind (.DS_Store, __MACOSX, ~$lock)."""
    if not place.is_dir():
        yield place
        return
    failed: list[OSError] = []
    for folder, folders, names in os.walk(place, onerror=failed.append):
        folders[:] = sorted(name for name in folders if not _left_behind(name))
        yield from (Path(folder, name) for name in sorted(names) if not _left_behind(name))
    yield from (Path(error.filename) for error in failed)


def _left_behind(name: str) -> bool:
    return name not in (".", "..") and (name.startswith((".", "~$")) or name == "__MACOSX")


def _file(file: Path) -> BinaryIO:
    try:
        if file.is_dir():
            raise UnreadableError("The folder cannot be listed.")
        if not file.is_file():
            raise UnreadableError("It is not a file.")
        return file.open("rb")
    except OSError as error:
        raise UnreadableError(f"It cannot be opened: {error.strerror or 'an error of the system'}.") from None


def _stdin() -> Callable[[], BinaryIO]:
    data = sys.stdin.buffer.read(LARGEST_INNER + 1)
    if len(data) > LARGEST_INNER:
        return _unreadable(
            STDIN, f"What is piped in is larger than {LARGEST_INNER // 2**20} MB; save it as a file."
        ).open
    return lambda: io.BytesIO(data)


def _unreadable(path: str, reason: str) -> Document:
    def refuse() -> BinaryIO:
        raise UnreadableError(reason)

    return Document(path, refuse)


def _opened(path: str, open_: Callable[[], BinaryIO], depth: int = 0) -> Iterator[Document]:
    """The document itself, or what is in it when it is an archive."""
    try:
        with open_() as stream:
            start = stream.read(4)
            if not start.startswith((_ZIP, _EMPTY_ZIP)) or is_workbook(stream):
                yield Document(path, open_)
                return
    except UnreadableError:
        yield Document(path, open_)  # whoever reads it meets the same reason
        return
    except OSError:
        yield _unreadable(path, "It cannot be read: an error of the system.")
        return
    if depth > 1:
        yield _unreadable(path, "An archive in an archive in an archive is not opened.")
        return
    yield from _members(path, open_, depth)


def is_workbook(stream: BinaryIO) -> bool:
    """Whether an archive is a workbook."""
    try:
        with zipfile.ZipFile(stream) as archive:
            return any(name.startswith("xl/") for name in archive.namelist()[:MOST_MEMBERS])
    except _BROKEN:
        return False


def _members(path: str, open_: Callable[[], BinaryIO], depth: int) -> Iterator[Document]:
    try:
        archive = _Archive(open_())
        if not 0 < len(archive.members) <= MOST_MEMBERS:
            yield _unreadable(path, f"The archive has no files, or more than {MOST_MEMBERS}.")
            return
        for member in sorted(archive.members, key=lambda member: member.filename):
            if member.is_dir() or any(_left_behind(part) for part in member.filename.split("/")):
                continue
            yield from _member(f"{path}/{member.filename}", partial(archive.open, member), depth)
    except UnreadableError as error:
        yield _unreadable(path, str(error))


def _member(name: str, open_: Callable[[], BinaryIO], depth: int) -> Iterator[Document]:
    """A file of an archive, or what is in it when it is an archive too."""
    try:
        with open_() as stream:
            inner = stream.read(4)
            if inner.startswith((_ZIP, _EMPTY_ZIP)):
                inner += stream.read(LARGEST_INNER)
    except UnreadableError as error:
        yield _unreadable(name, str(error))
        return
    if not inner.startswith((_ZIP, _EMPTY_ZIP)):
        yield Document(name, open_)
    elif len(inner) > LARGEST_INNER:
        yield _unreadable(name, f"An archive within the archive is larger than {LARGEST_INNER // 2**20} MB.")
    else:
        yield from _opened(name, partial(io.BytesIO, inner), depth + 1)


class _Archive:
    """An archive that stays open as long as one of its documents may be read."""

    def __init__(self, stream: BinaryIO) -> None:
        self.left = LARGEST_READ  # how much may still be unpacked, altogether
        weakref.finalize(self, stream.close)
        try:
            self._archive = zipfile.ZipFile(stream)
            self.members = self._archive.infolist()
        except _BROKEN:
            raise UnreadableError("The archive is damaged.") from None

    def open(self, member: zipfile.ZipInfo) -> BinaryIO:
        if member.flag_bits & _ENCRYPTED:
            raise UnreadableError("It is encrypted; unpack the archive with its password first.")
        try:
            return io.BufferedReader(_Member(self, self._archive.open(member), member.compress_size), _CHUNK)
        except _BROKEN:
            raise UnreadableError("It cannot be unpacked: it is damaged or packed in an unknown way.") from None


class _Member(io.RawIOBase):
    """What is read from a file of an archive, counted; its damage is a reason and not an error of the library."""

    def __init__(self, archive: _Archive, stream: IO[bytes], packed: int) -> None:
        self._archive = archive
        self._stream = stream
        self._most = max(LARGEST_UNPACKED, packed * MOST_TIMES)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        try:
            data = self._stream.read(len(view))
        except _BROKEN:
            raise UnreadableError("It cannot be unpacked: the archive is damaged.") from None
        self._most -= len(data)
        self._archive.left -= len(data)
        if self._most < 0:
            raise UnreadableError(f"It unpacks to more than {MOST_TIMES} times its size, which no export does.")
        if self._archive.left < 0:
            raise UnreadableError(f"The archive unpacks to more than {LARGEST_READ // 2**30} GB.")
        view[: len(data)] = data
        return len(data)
