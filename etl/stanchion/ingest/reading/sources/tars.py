"""The members of a tar archive, which is read from its beginning to its end.

The module tarfile ends silently at a damaged header, and reads a long name of any size into memory. So the headers are
followed here, and only the decoding of a header is left to it. Links and devices are ignored.
"""

import io
import tarfile
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO, Final

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.sources import recent
from stanchion.ingest.reading.sources.document import Source, unreadable
from stanchion.ingest.reading.sources.limits import BOMB, CHUNK, MAX_MEMBER_BYTES, MAX_MEMBERS, MAX_RATIO

BLOCK: Final = 512
_LARGEST_OFFSET: Final = 2**62
_MAX_HEADER: Final = 2**20  # bytes of a long name or an extended header
_EMPTY: Final = bytes(BLOCK)
_FILES: Final = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_WITHOUT_DATA: Final = (
    tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE,
)  # fmt: skip
_DAMAGED: Final = "The archive is damaged after this point; its other files were read."
_TRUNCATED: Final = "The archive ends too early: it was truncated."


def is_tar(start: bytes) -> bool:
    """Return whether the first bytes of a file are the header of a tar archive."""
    try:
        return len(start) >= BLOCK and bool(_header(start[:BLOCK]))
    except tarfile.HeaderError:
        return False


def members(source: Source, packed: int | None) -> Iterator[tuple[str, Source]]:
    """Yield the files of an archive in its order. `packed` is the size of the compressed archive, if it is known.

    Raises UnreadableError at a place where the archive is damaged.
    """
    archive, files = _Archive(source, packed), 0
    with source.open() as stream:
        reader = _Reader(stream)
        for name, offset, size, is_plain in _entries(reader):
            files += 1
            if files > MAX_MEMBERS:
                raise UnreadableError(f"The archive has more than {MAX_MEMBERS} files; split it.")
            yield name, archive.member(reader, offset, size, is_plain)
    if not files:
        raise UnreadableError(f"The archive has 0 files; expected 1 to {MAX_MEMBERS}.")


def _header(block: bytes) -> tarfile.TarInfo:
    found = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    if found.size < 0:
        raise tarfile.HeaderError("negative size")
    return found


def _entries(stream: "_Reader") -> Iterator[tuple[str, int, int, bool]]:
    """Yield name, offset, size, and whether the data is plain, of each file. The consumer may read the data."""
    at, extended = 0, dict[str, str]()
    while True:
        stream.move(at)
        block = stream.read(BLOCK)
        if block == _EMPTY:
            return
        if len(block) < BLOCK:
            raise UnreadableError(_TRUNCATED)
        try:
            header = _header(block)
        except tarfile.HeaderError:
            raise UnreadableError(_DAMAGED) from None
        at += BLOCK
        if header.type in (tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE):
            data = _small(stream, header.size)
            extended |= (
                {"path": data.split(b"\0")[0].decode("utf-8", "surrogateescape")}
                if header.type == tarfile.GNUTYPE_LONGNAME
                else _extended(data)
            )
            at += _padded(header.size)
            continue
        size = int(extended["size"]) if extended.get("size", "").isdecimal() else header.size
        if header.type == tarfile.GNUTYPE_LONGLINK:
            at += _padded(header.size)
            continue  # the header of the link itself follows
        if header.type == tarfile.GNUTYPE_SPARSE:
            at += _sparse_blocks(stream, block)
        if header.type in (*_FILES, tarfile.GNUTYPE_SPARSE):
            is_plain = header.type != tarfile.GNUTYPE_SPARSE and not any(map(_is_sparse, extended))
            yield extended.get("path", header.name).removeprefix("./"), at, size, is_plain
        at += 0 if header.type in _WITHOUT_DATA else _padded(size)
        extended = {}


def _is_sparse(keyword: str) -> bool:
    return keyword.startswith("GNU.sparse.")


def _small(stream: "_Reader", size: int) -> bytes:
    if size > _MAX_HEADER:
        raise UnreadableError(_DAMAGED)
    data = stream.read(size)
    if len(data) < size:
        raise UnreadableError(_TRUNCATED)
    return data


def _extended(data: bytes) -> dict[str, str]:
    """Return the records of an extended header, each like '27 path=games/one.json' and a line break."""
    records: dict[str, str] = {}
    while data:
        length, blank, _ = data[:12].partition(b" ")
        if not blank or not length.isdigit() or not len(length) < int(length) <= len(data):
            raise UnreadableError(_DAMAGED)
        record, data = data[len(length) + 1 : int(length)], data[int(length) :]
        keyword, _, value = record.removesuffix(b"\n").partition(b"=")
        records[keyword.decode("utf-8", "replace")] = value.decode("utf-8", "surrogateescape")[:4096]
    return records


def _sparse_blocks(stream: "_Reader", block: bytes) -> int:
    """Skip the blocks that describe the holes of a sparse file. Return their length."""
    length, is_continued = 0, block[482]
    while is_continued:
        block = stream.read(BLOCK)
        if len(block) < BLOCK:
            raise UnreadableError(_TRUNCATED)
        length, is_continued = length + BLOCK, block[504]
    return length


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


class _Reader:
    """A stream that moves forward, by reading where it cannot seek."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.is_seekable = stream.seekable()
        self._at = 0

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._at += len(data)
        return data

    def move(self, to: int) -> None:
        """Move to an offset, or to the end of the stream when that is earlier."""
        if self.is_seekable:
            self._stream.seek(min(to, _LARGEST_OFFSET))
            return
        while self._at < to and self.read(min(to - self._at, CHUNK)):
            pass


class _Archive:
    """A source of members. Their contents are kept for a while when the archive cannot be read at any place."""

    def __init__(self, source: Source, packed: int | None) -> None:
        self._source = source
        self._largest = max(MAX_MEMBER_BYTES, (packed or 0) * MAX_RATIO)

    def member(self, stream: _Reader, offset: int, size: int, is_plain: bool) -> Source:
        """Return the file at this offset, where the stream is now."""
        if not is_plain:
            return Source(unreadable("", "It is a sparse file, which is not read; pack it without holes.").open, size)
        if stream.is_seekable:
            return Source(partial(self._open, offset, size), size)
        if size > self._largest:
            return Source(unreadable("", BOMB).open, size)
        if size <= recent.MAX_ITEM_BYTES:
            data = stream.read(size)
            if len(data) == size:
                recent.keep((self, offset), data)
        return Source(partial(self._open, offset, size), size)

    def _open(self, offset: int, size: int) -> BinaryIO:
        kept = recent.find((self, offset))
        if kept is not None:
            return io.BytesIO(kept)
        stream = self._source.open()
        _Reader(stream).move(offset)
        return io.BufferedReader(_Part(stream, size), CHUNK)


class _Part(io.RawIOBase):
    """The next bytes of a stream, as many as a header claims."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self._left = stream, size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)[: max(0, self._left)]
        data = self._stream.read(len(view))
        if len(data) < len(view):
            raise UnreadableError(_TRUNCATED)
        view[:] = data
        self._left -= len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()
