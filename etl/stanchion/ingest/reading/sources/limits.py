"""Limits on what is unpacked from archives, counted while it is read."""

import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, Final

from stanchion.ingest.reading.errors import UnreadableError

MAX_ARCHIVE_BYTES: Final = 2 * 2**30  # unpacked from one archive, or MAX_RATIO times its size if that is more
MAX_MEMBER_BYTES: Final = 64 * 2**20  # unpacked from one file, or MAX_RATIO times its packed size if that is more
MAX_RATIO: Final = 100  # unpacked to packed size; text has 10 to 20, a zip bomb 1000
MAX_IN_MEMORY_BYTES: Final = 512 * 2**20  # of a zip archive within an archive, or of standard input
MAX_MEMBERS: Final = 20_000  # files of one archive, with those of the archives within it
CHUNK: Final = 256 * 2**10
BOMB: Final = f"It unpacks to more than {MAX_RATIO} times its packed size, like a zip bomb."
DAMAGED: Final = "It cannot be unpacked: the archive is damaged."
BROKEN: Final = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError,
)  # fmt: skip


class Budget:
    """The bytes that may still be unpacked from an archive and from the archives within it, and their files.

    Bytes that are read repeatedly count once.
    """

    def __init__(self, packed: int | None) -> None:
        self._files = 0
        self._left = max(MAX_ARCHIVE_BYTES, (packed or 0) * MAX_RATIO)
        self._reached: dict[object, int] = {}

    def count_file(self) -> None:
        """Count a file. Raises UnreadableError when the archive has too many, with those of archives within it."""
        self._files += 1
        if self._files > MAX_MEMBERS:
            raise UnreadableError(f"The archive has more than {MAX_MEMBERS} files in all; split it.")

    def spend(self, key: object, position: int) -> None:
        """Count the bytes of a file up to a position. Raises UnreadableError when the archive unpacks to too much."""
        new = position - self._reached.get(key, 0)
        if new <= 0:
            return
        self._reached[key] = position
        self._left -= new
        if self._left < 0:
            raise UnreadableError(f"The archive unpacks to more than {MAX_ARCHIVE_BYTES // 2**30} GB; split it.")


class Counted(io.RawIOBase):
    """A stream of unpacked bytes that counts them, and raises UnreadableError when the archive is damaged."""

    def __init__(
        self, stream: BinaryIO, key: object, budget: Budget, packed: Callable[[], int] | None, *below: BinaryIO
    ) -> None:
        """`packed` returns the packed size of the bytes so far; without it, only the budget limits the bytes.

        Streams `below` are closed together with this one.
        """
        self._stream, self._key, self._budget, self._packed, self._below = stream, key, budget, packed, below
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        try:
            data = self._stream.read(len(view))
        except BROKEN:
            raise UnreadableError(DAMAGED) from None
        self._position += len(data)
        if self._packed and self._position > max(MAX_MEMBER_BYTES, self._packed() * MAX_RATIO):
            raise UnreadableError(BOMB)
        self._budget.spend(self._key, self._position)
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            for stream in (self._stream, *self._below):
                stream.close()
        super().close()
