"""The members of a zip archive."""

import io
import weakref
import zipfile
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.sources.document import Source
from stanchion.ingest.reading.sources.limits import BROKEN, CHUNK, MAX_MEMBERS, Budget, Counted

STARTS = (b"PK\x03\x04", b"PK\x05\x06")  # the second one is an archive without files
_ENCRYPTED = 0x1


def is_workbook(stream: BinaryIO) -> bool:
    """Return whether a zip archive is a workbook. A damaged archive is not."""
    try:
        with zipfile.ZipFile(stream) as archive:
            return any(name.startswith("xl/") for name in archive.namelist()[:MAX_MEMBERS])
    except BROKEN:
        return False


def members(source: Source, budget: Budget) -> Iterator[tuple[str, Source]]:
    """Yield the files of an archive, ordered by name. Raises UnreadableError when the archive is damaged."""
    archive = _Archive(source.open(), budget)
    if not 0 < len(archive.members) <= MAX_MEMBERS:
        raise UnreadableError(f"The archive has {len(archive.members)} files; expected 1 to {MAX_MEMBERS}.")
    for member in sorted(archive.members, key=lambda member: member.filename):
        if not member.filename.endswith("/"):  # is_dir() fails for an empty name before Python 3.12
            yield member.filename, Source(partial(archive.open, member), member.file_size)


class _Archive:
    """An archive, which stays open as long as one of its documents exists."""

    def __init__(self, stream: BinaryIO, budget: Budget) -> None:
        self._budget = budget
        weakref.finalize(self, stream.close)
        try:
            self._archive = zipfile.ZipFile(stream)
            self.members = self._archive.infolist()
        except BROKEN:
            raise UnreadableError("The archive is damaged; create it again.") from None

    def open(self, member: zipfile.ZipInfo) -> BinaryIO:
        if member.flag_bits & _ENCRYPTED:
            raise UnreadableError("It is encrypted; unpack the archive with its password and load the unpacked files.")
        try:
            stream = self._archive.open(member)
        except BROKEN:
            raise UnreadableError(
                "It cannot be unpacked: it is damaged, or its compression method is not supported."
            ) from None
        counted = Counted(stream, (self, member.header_offset), self._budget, lambda: member.compress_size)  # type: ignore[arg-type]
        return io.BufferedReader(counted, CHUNK)
