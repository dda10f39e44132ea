"""Files of remote storage, by URL: s3://, gs://, https:// and every other protocol that fsspec has a file system for.

A URL may contain credentials: a user with a password, or a query with a signature. No message and no stored path
contains them; `shown` removes them.
"""

import io
import multiprocessing
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO, Final

from stanchion.errors import StanchionError
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.sources import recent
from stanchion.ingest.reading.sources.document import Source, is_system_file
from stanchion.ingest.reading.sources.limits import CHUNK
from stanchion.ingest.reading.sources.missing import MissingPathError, describe, nearest

_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_LOCAL: Final = ("file://", "local://")
_NONE: Final = "There is no file or folder at this URL."


def is_url(path: str) -> bool:
    """Return whether the path is the URL of remote storage."""
    return bool(_URL.match(path)) and not path.lower().startswith(_LOCAL)


def _is_web(url: str) -> bool:
    """Return whether a web server has the file. Every folder is a page too, and a ? begins the query."""
    return url.partition("://")[0].lower() in ("http", "https")


def local(path: str) -> str:
    """Return the local path of a file:// URL; any other path is unchanged."""
    return next((path[len(start) :] for start in _LOCAL if path.lower().startswith(start)), path)


def shown(path: str) -> str:
    """Return a path without the credentials that a URL may contain: its user, password, query and fragment."""
    if not is_url(path):
        return path
    if "::" in path:
        return "::".join(map(shown, path.split("::")))
    protocol, _, rest = path.partition("://")
    host, slash, rest = re.split(r"[?#]", rest, maxsplit=1)[0].partition("/")
    return f"{protocol}://{host.rpartition('@')[2]}{slash}{rest}"


def list_url(url: str) -> tuple[str, ...]:
    """Return the URLs of the files under a file, folder or pattern, sorted.

    Raises MissingPathError when there is none. The listing runs in a process of its own, because the libraries start
    threads, which loader processes must not inherit.
    """
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_send_list, args=(url, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        found: tuple[str, ...] | StanchionError = ours.recv()
    except EOFError:
        found = UnreadableError(f"{shown(url)}: the process that lists this URL was killed.")
    finally:
        process.join(5)
        process.kill()
        ours.close()
    if isinstance(found, StanchionError):
        raise found
    return found


def source_of(url: str) -> Source:
    """Return the content of one file."""
    return Source(partial(_open, url, object()), None)


def _send_list(url: str, pipe: Any) -> None:
    try:
        pipe.send(_list(url))
    except StanchionError as error:
        pipe.send(error)
    finally:
        pipe.close()


def _list(url: str) -> tuple[str, ...]:
    with _errors(f"{shown(url)}: "):
        files, path = _file_system(url)
        protocol, _, rest = url.partition("://")
        is_web = _is_web(url)
        magic = re.search(r"[*\[]" if is_web else r"[*?\[]", rest.partition("?")[0] if is_web else rest)
        if magic:
            root = f"{protocol}://{rest[: rest.rfind('/', 0, magic.start()) + 1]}"
            found = [name for name, facts in files.glob(path, detail=True).items() if facts["type"] == "file"]
            if not found:
                raise MissingPathError(f"No file matches the pattern '{shown(url)}'.")
            return _urls(files, root, found)
        if url.endswith("/") or (not is_web and files.isdir(path)):
            found = files.find(path)
            if found:
                return _urls(files, f"{url.rstrip('/')}/", found)
        elif files.exists(path, **({"strict": True} if is_web else {})):
            return (url,)
        raise describe(shown(url), None if is_web else _nearest(files, url))


def _urls(files: Any, root: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the URLs of paths below a root. They keep the options of the root, such as the user and the host."""
    start = str(files._strip_protocol(root)).rstrip("/")
    below = (path.removeprefix(start).lstrip("/") for path in paths)
    return tuple(sorted(f"{root}{path}" for path in below if not any(map(is_system_file, path.split("/")))))


def _nearest(files: Any, url: str) -> str | None:
    def names(folder: str) -> list[str]:
        try:
            found = files.ls(files._strip_protocol(folder), detail=False)
        except Exception:  # the search for a name must not hide that the path is missing
            return []
        return [str(name).rstrip("/").rpartition("/")[2] for name in found]

    return nearest(shown(url), names)


def _open(url: str, key: object) -> BinaryIO:
    """Open one file. A content that is not large is kept for a while, so that it is downloaded once."""
    kept = recent.find(key)
    if kept is not None:
        return io.BytesIO(kept)
    with _errors():
        stream, size = _stream(url)
        if size is None or size <= recent.MAX_ITEM_BYTES:
            data = _read(stream, recent.MAX_ITEM_BYTES + 1)
            stream.close()
            if len(data) <= recent.MAX_ITEM_BYTES:
                recent.keep(key, data)
                return io.BytesIO(data)
            stream, size = _stream(url)
        return io.BufferedReader(_Remote(stream, is_seekable=size is not None), CHUNK)


def _stream(url: str) -> tuple[Any, int | None]:
    """Open one file. Return its size too, or None for a stream that cannot seek, such as that of a web server."""
    files, path = _file_system(url)
    if _is_web(url):
        return files.open(path, "rb", block_size=0, size=1), None  # with a size, the server is not asked for one
    stream = files.open(path, "rb")
    return stream, getattr(stream, "size", None) if stream.seekable() else None


def _read(stream: Any, size: int) -> bytes:
    """Read until this size or the end, because some streams return less than is asked for."""
    pieces, left = [], size
    while left > 0 and (piece := stream.read(min(left, 8 * 2**20))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


class _Remote(io.RawIOBase):
    """A remote stream whose errors are UnreadableError."""

    def __init__(self, stream: Any, *, is_seekable: bool) -> None:
        self._stream, self._is_seekable = stream, is_seekable

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._is_seekable

    def seek(self, to: int, whence: int = io.SEEK_SET) -> int:
        with _errors():
            return int(self._stream.seek(to, whence))

    def tell(self) -> int:
        return int(self._stream.tell())

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        with _errors():
            data = self._stream.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


def _file_system(url: str) -> tuple[Any, str]:
    """Return the file system of a URL and the path in it."""
    protocol = url.partition("://")[0].lower()
    try:
        from fsspec.core import url_to_fs
        from fsspec.registry import known_implementations
    except ImportError:
        raise UnreadableError(
            "Files at a URL need a package; install it with: pip install 'stanchion[remote]'"
        ) from None
    if "::" in url:
        raise UnreadableError("A chain of URLs is not read; archives at a URL are opened without one.")
    if protocol not in known_implementations:
        raise UnreadableError(f"{protocol}:// is not a protocol that fsspec has a file system for.")
    try:
        files, path = url_to_fs(url)
    except ImportError:
        package = known_implementations[protocol]["class"].partition(".")[0]
        package = "aiohttp" if _is_web(url) else package
        raise UnreadableError(f"{protocol}:// needs a package; install it with: pip install {package}") from None
    return files, str(path)


@contextmanager
def _errors(start: str = "") -> Iterator[None]:
    """Turn the errors of the libraries into one sentence, which does not contain the URL as it was given."""
    try:
        yield
    except UnreadableError as error:
        raise UnreadableError(f"{start}{error}") from None
    except StanchionError:
        raise
    except Exception as error:  # each library has its own classes
        raise UnreadableError(f"{start}{_reason(error)}") from None


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        # the library raises it for every failure, with the failure as its cause
        cause = error.__cause__
        return _NONE if not isinstance(cause, Exception) else _reason(cause)
    status = getattr(error, "status", None)
    if status in (404, 410):
        return _NONE
    if isinstance(error, PermissionError) or status in (401, 403):
        return "The storage refuses access; check the credentials."
    if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
        return "The storage did not answer in time."
    if isinstance(status, int):
        return f"The server answered with status {status}."
    return f"It cannot be read: the storage failed with {type(error).__name__}."
