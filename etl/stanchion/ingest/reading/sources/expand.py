"""Open archives and compressed files, and yield the documents in them."""

import re
from collections.abc import Iterator

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.sources import packed, tars, zips
from stanchion.ingest.reading.sources.document import Document, Source, in_memory, is_system_file, unreadable
from stanchion.ingest.reading.sources.limits import MAX_IN_MEMORY_BYTES, Budget

_OTHER = re.compile(b"|".join(re.escape(start) for start in packed.OTHERS))


def expand(path: str, source: Source, depth: int = 0, budget: Budget | None = None) -> Iterator[Document]:
    """Yield the document itself or, when it is an archive, the documents in it. `depth` counts enclosing archives."""
    try:
        yield from _expand(path, source, depth, budget)
    except UnreadableError as error:
        yield unreadable(path, str(error))
    except OSError as error:
        yield unreadable(path, f"The file cannot be read: {error.strerror or 'unknown system error'}.")


def _expand(path: str, source: Source, depth: int, budget: Budget | None) -> Iterator[Document]:
    with source.open() as stream:
        start = stream.read(tars.BLOCK)
        is_zip = start.startswith(zips.STARTS)
        is_file = depth == 0 and stream.seekable()
        if is_zip and is_file and zips.is_workbook(stream):
            is_zip = False
    is_compressed = start.startswith((packed.GZIP, packed.ZSTANDARD))
    if is_zip and not is_file:
        source = _read(source)
        with source.open() as stream:
            is_zip = not zips.is_workbook(stream)
    if not (is_zip or is_compressed or tars.is_tar(start)):
        yield _unsupported(path, start) or Document(path, source.open)
    elif depth > 1:
        yield unreadable(path, "An archive nested in two other archives is not opened; unpack the outer archive first.")
    elif is_compressed:
        yield from _compressed(path, source, start, depth, budget or Budget(source.size))
    elif is_zip:
        budget = budget or Budget(source.size)
        yield from _members(path, zips.members(source, budget), depth, budget)
    else:
        yield from _members(path, tars.members(source, None), depth, budget or Budget(source.size))


def _compressed(path: str, source: Source, start: bytes, depth: int, budget: Budget) -> Iterator[Document]:
    """Yield the content of a compressed file. A tar archive in it is the same archive, not a further one."""
    key = object()
    content = packed.unpacked(source, start, budget, key)
    with content.open() as stream:
        begins = stream.read(tars.BLOCK)
    if tars.is_tar(begins):
        archive = packed.unpacked(source, start, budget, key, is_archive=True)
        yield from _members(path, tars.members(archive, source.size), depth, budget)
        return
    name = packed.without_suffix(path)
    for document in expand(name, content, depth + 1, budget):
        same = document.path == name
        yield Document(path, document.open, name) if same else document


def _members(path: str, members: Iterator[tuple[str, Source]], depth: int, budget: Budget) -> Iterator[Document]:
    """Yield the documents in an archive without system files. Damage ends the archive with a document of its own."""
    for name, source in members:
        if not any(is_system_file(part) for part in name.split("/")):
            budget.count_file()
            yield from expand(f"{path}/{name}", source, depth + 1, budget)


def _read(source: Source) -> Source:
    """Read a zip archive, whose directory is at its end, into memory, where its stream cannot seek."""
    with source.open() as stream:
        data = stream.read(MAX_IN_MEMORY_BYTES + 1)
    if len(data) > MAX_IN_MEMORY_BYTES:
        limit = MAX_IN_MEMORY_BYTES // 2**20
        raise UnreadableError(
            f"A zip archive within an archive or on a web server is larger than {limit} MB; unpack it first."
        )
    return in_memory(data)


def _unsupported(path: str, start: bytes) -> Document | None:
    found = _OTHER.match(start)
    if not found or (found[0] == b"BZh" and start[4:10] != b"1AY&SY"):
        return None
    name = packed.OTHERS[found[0]]
    return unreadable(path, f"It is packed with {name}, which is not read; pack it as .zip, .tar.gz or .tar.zst.")
