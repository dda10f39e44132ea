"""Find the documents under paths: files, folders, patterns, archives, and - for standard input. Their order is stable.

Nothing is unpacked to disk. Archives may be hostile: the number of files, the size of each and the total size are
limited by counting the bytes read, not by the sizes that the archive claims. An archive within an archive is opened;
a third level is not.
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
MAX_ARCHIVE_BYTES: Final = 2 * 2**30  # unpacked from all files of one archive
MAX_MEMBER_BYTES: Final = (
    64 * 2**20
)  # unpacked from one file of an archive, or MAX_RATIO times its size if that is more
MAX_RATIO: Final = 100  # unpacked to packed size; text has 10 to 20, a zip bomb 1000
MAX_IN_MEMORY_BYTES: Final = 512 * 2**20  # of an archive within an archive, or of standard input
MAX_MEMBERS: Final = 100_000  # files of one archive
_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_ENCRYPTED = 0x1
_CHUNK = 256 * 2**10
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)


@dataclass(frozen=True)
class Document:
    """A file to read. `path` is shown to the user; `open` may be called repeatedly and raises UnreadableError."""

    path: str
    open: Callable[[], BinaryIO]


def documents(paths: Iterable[str]) -> Iterator[Document]:
    """Yield every document under the paths. A path that cannot be read is a document whose `open` raises the reason."""
    for path in paths:
        if path == STDIN:
            yield from _expand(STDIN, _stdin())
            continue
        found = [path] if os.path.lexists(path) else sorted(glob.glob(path, recursive=True))  # noqa: PTH207
        if not found:
            yield _unreadable(path, "No file or folder exists at this path.")
        for name in found:
            for file in _files(Path(name)):
                yield from _expand(str(file), partial(_open_file, file))


def list_files(paths: Iterable[str]) -> tuple[str, ...]:
    """Replace folders and patterns by the files that exist now, so that a load does not see files added later."""
    files: list[str] = []
    for path in paths:
        found = [path] if path == STDIN or os.path.lexists(path) else sorted(glob.glob(path, recursive=True))  # noqa: PTH207
        if path == STDIN or not found:
            files.append(path)
            continue
        names = (str(file) for start in found for file in _files(Path(start)))
        files.extend(f"./{name}" if name == STDIN else name for name in names)
    return tuple(files)


def from_bytes(path: str, data: bytes) -> Document:
    """Return a document for data in memory."""
    return Document(path, lambda: io.BytesIO(data))


def _files(start: Path) -> Iterator[Path]:
    """Yield a file, or the files under a folder without system files (.DS_Store, __MACOSX, ~$lock).

    Folders that cannot be listed are yielded too, so that opening them raises the reason.
    """
    if not start.is_dir():
        yield start
        return
    failed: list[OSError] = []
    for folder, folders, names in os.walk(start, onerror=failed.append):
        folders[:] = sorted(name for name in folders if not _is_system_file(name))
        yield from (Path(folder, name) for name in sorted(names) if not _is_system_file(name))
    yield from (Path(error.filename) for error in failed)


def _is_system_file(name: str) -> bool:
    """Return whether an operating system or office program, not a user, created a file or folder of this name."""
    return name not in (".", "..") and (name.startswith((".", "~$")) or name == "__MACOSX")


def _open_file(file: Path) -> BinaryIO:
    try:
        if file.is_dir():
            raise UnreadableError("The folder cannot be listed.")
        if not file.is_file():
            raise UnreadableError("It is not a regular file.")
        return file.open("rb")
    except OSError as error:
        raise UnreadableError(f"It cannot be opened: {error.strerror or 'unknown system error'}.") from None


def _stdin() -> Callable[[], BinaryIO]:
    data = sys.stdin.buffer.read(MAX_IN_MEMORY_BYTES + 1)
    if len(data) > MAX_IN_MEMORY_BYTES:
        limit = MAX_IN_MEMORY_BYTES // 2**20
        return _unreadable(
            STDIN, f"Standard input is larger than {limit} MB; save it as a file and load the file."
        ).open
    return lambda: io.BytesIO(data)


def _unreadable(path: str, reason: str) -> Document:
    """Return a document whose `open` raises UnreadableError with this reason."""

    def refuse() -> BinaryIO:
        raise UnreadableError(reason)

    return Document(path, refuse)


def _expand(path: str, open_: Callable[[], BinaryIO], depth: int = 0) -> Iterator[Document]:
    """Yield the document itself or, when it is an archive, the documents in it. `depth` counts enclosing archives."""
    try:
        with open_() as stream:
            start = stream.read(4)
            if not start.startswith((_ZIP, _EMPTY_ZIP)) or is_workbook(stream):
                yield Document(path, open_)
                return
    except UnreadableError:
        yield Document(path, open_)  # reading the document raises the same reason
        return
    except OSError as error:
        yield _unreadable(path, f"The file cannot be read: {error.strerror or 'unknown system error'}.")
        return
    if depth > 1:
        yield _unreadable(
            path, "An archive nested in two other archives is not opened; unpack the outer archive first."
        )
        return
    yield from _members(path, open_, depth)


def is_workbook(stream: BinaryIO) -> bool:
    """Return whether a ZIP archive is a workbook. A damaged archive is not."""
    try:
        with zipfile.ZipFile(stream) as archive:
            return any(name.startswith("xl/") for name in archive.namelist()[:MAX_MEMBERS])
    except _BROKEN:
        return False


def _members(path: str, open_: Callable[[], BinaryIO], depth: int) -> Iterator[Document]:
    """Yield the documents in an archive, ordered by name, without system files."""
    try:
        archive = _Archive(open_())
        if not 0 < len(archive.members) <= MAX_MEMBERS:
            yield _unreadable(path, f"The archive has {len(archive.members)} files; expected 1 to {MAX_MEMBERS}.")
            return
        for member in sorted(archive.members, key=lambda member: member.filename):
            if member.is_dir() or any(_is_system_file(part) for part in member.filename.split("/")):
                continue
            yield from _member(f"{path}/{member.filename}", partial(archive.open, member), depth)
    except UnreadableError as error:
        yield _unreadable(path, str(error))


def _member(name: str, open_: Callable[[], BinaryIO], depth: int) -> Iterator[Document]:
    """Yield a file of an archive or, when it is an archive too, the documents in it."""
    try:
        with open_() as stream:
            inner = stream.read(4)
            if inner.startswith((_ZIP, _EMPTY_ZIP)):
                inner += stream.read(MAX_IN_MEMORY_BYTES)
    except UnreadableError as error:
        yield _unreadable(name, str(error))
        return
    if not inner.startswith((_ZIP, _EMPTY_ZIP)):
        yield Document(name, open_)
    elif len(inner) > MAX_IN_MEMORY_BYTES:
        yield _unreadable(
            name,
            f"An archive within an archive is larger than {MAX_IN_MEMORY_BYTES // 2**20} MB; unpack the outer one.",
        )
    else:
        yield from _expand(name, partial(io.BytesIO, inner), depth + 1)


class _Archive:
    """An archive, which stays open as long as one of its documents exists."""

    def __init__(self, stream: BinaryIO) -> None:
        self.bytes_left = MAX_ARCHIVE_BYTES  # that may still be unpacked from all files
        weakref.finalize(self, stream.close)
        try:
            self._archive = zipfile.ZipFile(stream)
            self.members = self._archive.infolist()
        except _BROKEN:
            raise UnreadableError("The archive is damaged; create it again.") from None

    def open(self, member: zipfile.ZipInfo) -> BinaryIO:
        if member.flag_bits & _ENCRYPTED:
            raise UnreadableError("It is encrypted; unpack the archive with its password and load the unpacked files.")
        try:
            return io.BufferedReader(_Member(self, self._archive.open(member), member.compress_size), _CHUNK)
        except _BROKEN:
            raise UnreadableError(
                "It cannot be unpacked: it is damaged, or its compression method is not supported."
            ) from None


class _Member(io.RawIOBase):
    """A file of an archive that limits the bytes read and raises UnreadableError when the archive is damaged."""

    def __init__(self, archive: _Archive, stream: IO[bytes], packed: int) -> None:
        self._archive = archive
        self._stream = stream
        self._bytes_left = max(MAX_MEMBER_BYTES, packed * MAX_RATIO)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        try:
            data = self._stream.read(len(view))
        except _BROKEN:
            raise UnreadableError("It cannot be unpacked: the archive is damaged.") from None
        self._bytes_left -= len(data)
        self._archive.bytes_left -= len(data)
        if self._bytes_left < 0:
            raise UnreadableError(f"It unpacks to more than {MAX_RATIO} times its packed size, like a zip bomb.")
        if self._archive.bytes_left < 0:
            limit = MAX_ARCHIVE_BYTES // 2**30
            raise UnreadableError(f"The archive unpacks to more than {limit} GB; split it.")
        view[: len(data)] = data
        return len(data)
