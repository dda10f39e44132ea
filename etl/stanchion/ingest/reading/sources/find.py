"""Find files: under local paths and patterns, under URLs, and standard input."""

import glob
import os
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.sources import remote
from stanchion.ingest.reading.sources.document import Document, Source, in_memory, is_system_file, unreadable
from stanchion.ingest.reading.sources.expand import expand
from stanchion.ingest.reading.sources.limits import MAX_IN_MEMORY_BYTES
from stanchion.ingest.reading.sources.missing import missing

STDIN: Final = "-"


def list_files(paths: Iterable[str]) -> tuple[str, ...]:
    """Replace folders and patterns by the files that exist now, so that a load does not see files added later.

    Raises MissingPathError for the first path, pattern or URL under which there is nothing.
    """
    files: list[str] = []
    for path in paths:
        if path == STDIN:
            files.append(path)
        elif remote.is_url(path):
            files.extend(remote.list_url(path))
        else:
            names = (str(file) for start in _starts(remote.local(path)) for file in _files(Path(start)))
            files.extend(f"./{name}" if name == STDIN else name for name in names)
    return tuple(files)


def documents(paths: Iterable[str]) -> Iterator[Document]:
    """Yield every document under the paths. A file that cannot be read is a document whose `open` raises the reason.

    Raises MissingPathError for the first path, pattern or URL under which there is nothing.
    """
    for path in paths:
        yield from documents_in(list_files([path]))


def documents_in(files: Iterable[str]) -> Iterator[Document]:
    """Yield every document in files that list_files returned. A file that is gone has a document with the reason."""
    for file in files:
        if file == STDIN:
            yield from expand(STDIN, _stdin())
        elif remote.is_url(file):
            yield from expand(remote.shown(file), remote.source_of(file))
        else:
            yield from expand(file, Source(partial(_open_file, Path(file)), _size(file)))


def _starts(path: str) -> list[str]:
    """Return the file or folder, or the matches of a pattern."""
    found = [path] if os.path.lexists(path) else sorted(glob.glob(path, recursive=True))  # noqa: PTH207
    if not found:
        raise missing(path)
    return found


def _files(start: Path) -> Iterator[Path]:
    """Yield a file, or the files under a folder without system files (.DS_Store, __MACOSX, ~$lock).

    Folders that cannot be listed are yielded too, so that opening them raises the reason.
    """
    if not start.is_dir():
        yield start
        return
    failed: list[OSError] = []
    for folder, folders, names in os.walk(start, onerror=failed.append):
        folders[:] = sorted(name for name in folders if not is_system_file(name))
        yield from (Path(folder, name) for name in sorted(names) if not is_system_file(name))
    yield from (Path(error.filename) for error in failed)


def _size(file: str) -> int | None:
    try:
        return os.stat(file).st_size  # noqa: PTH116
    except OSError:
        return None


def _open_file(file: Path) -> BinaryIO:
    try:
        if not os.path.lexists(file):
            raise UnreadableError("The file was deleted before it was read.")
        if file.is_dir():
            raise UnreadableError("The folder cannot be listed.")
        if not file.is_file():
            raise UnreadableError("It is not a regular file.")
        return file.open("rb")
    except OSError as error:
        raise UnreadableError(f"It cannot be opened: {error.strerror or 'unknown system error'}.") from None


def _stdin() -> Source:
    data = sys.stdin.buffer.read(MAX_IN_MEMORY_BYTES + 1)
    if len(data) > MAX_IN_MEMORY_BYTES:
        limit = MAX_IN_MEMORY_BYTES // 2**20
        reason = f"Standard input is larger than {limit} MB; save it as a file and load the file."
        return Source(unreadable(STDIN, reason).open, None)
    return in_memory(data)
