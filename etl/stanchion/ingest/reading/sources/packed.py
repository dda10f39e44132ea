"""Files that are compressed with gzip or Zstandard, one stream of bytes each."""

import gzip
import io
from typing import Any, BinaryIO, Final

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.sources.document import Source
from stanchion.ingest.reading.sources.limits import CHUNK, Budget, Counted

GZIP: Final = b"\x1f\x8b"
ZSTANDARD: Final = b"\x28\xb5\x2f\xfd"
SUFFIXES: Final = (".gz", ".zst", ".zstd")
_MAX_WINDOW: Final = 128 * 2**20  # bytes that a Zstandard stream may refer back to, which must fit the memory
_FEED: Final = 512  # packed bytes decoded at once; they unpack to 16 MB at most
OTHERS: Final = {
    b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"7z\xbc\xaf\x27\x1c": "7-Zip", b"Rar!\x1a\x07": "RAR",
}  # fmt: skip


def unpacked(source: Source, start: bytes, budget: Budget, key: object, *, is_archive: bool = False) -> Source:
    """Return the unpacked bytes of a compressed file that begins with `start`, which the budget counts under the key.

    Those of an archive are limited by the budget alone, because an archive of similar files may be packed a thousand
    times smaller.
    """

    def open_() -> BinaryIO:
        raw = _Consumed(source.open())
        decoder = _gzip(raw) if start.startswith(GZIP) else _zstandard(raw)
        counted = Counted(decoder, key, budget, None if is_archive else lambda: raw.consumed, raw)  # type: ignore[arg-type]
        return io.BufferedReader(counted, CHUNK)

    return Source(open_, None)


def without_suffix(path: str) -> str:
    """Return the path of the content of a compressed file."""
    return next((path.removesuffix(suffix) for suffix in SUFFIXES if path.lower().endswith(suffix)), path)


def _gzip(raw: "_Consumed") -> BinaryIO:
    return gzip.GzipFile(fileobj=raw)  # type: ignore[return-value]


def _zstandard(raw: "_Consumed") -> BinaryIO:
    try:
        import zstandard
    except ImportError:
        raise UnreadableError(
            "It is compressed with Zstandard, which needs a package; install it with: pip install 'stanchion[zst]'"
        ) from None
    return _Zstandard(raw, zstandard)  # type: ignore[return-value]


class _Consumed(io.RawIOBase):
    """The packed bytes, which are counted."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.consumed = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        data = self._stream.read(len(view))
        view[: len(data)] = data
        self.consumed += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


class _Zstandard(io.RawIOBase):
    """The unpacked bytes of Zstandard frames. The stream of the library does not notice when a frame is truncated."""

    def __init__(self, raw: _Consumed, library: Any) -> None:
        self._raw, self._library = io.BufferedReader(raw, CHUNK), library
        self._decoder: Any = None
        self._unpacked = b""
        self._packed = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        while not self._unpacked:
            if not self._packed:
                self._packed = self._raw.read(_FEED)
            if not self._packed:
                if self._decoder:
                    raise EOFError
                return 0
            self._decode()
        data, self._unpacked = self._unpacked[: len(view)], self._unpacked[len(view) :]
        view[: len(data)] = data
        return len(data)

    def _decode(self) -> None:
        """Decode some packed bytes. Bytes after the end of a frame belong to the next one."""
        self._decoder = self._decoder or self._library.ZstdDecompressor(max_window_size=_MAX_WINDOW).decompressobj()
        try:
            self._unpacked, self._packed = self._decoder.decompress(self._packed), b""
        except (self._library.ZstdError, MemoryError):
            raise EOFError from None
        if self._decoder.eof:
            self._packed, self._decoder = self._decoder.unused_data, None
