"""Answers in the memory of one process, up to a number of bytes."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

Headers = list[tuple[bytes, bytes]]
Key = tuple[bytes, str, bytes, tuple[bytes, ...]]  # sender, path, query string and the headers that decide the form
_OVERHEAD = 1000  # bytes of the objects of an entry, about
_LARGEST = 8  # an answer may take one part in eight of the memory


@dataclass(slots=True)
class Kept:
    """An answer, and the condition under which it is still right: the version of its marts, or its age."""

    status: int
    headers: Headers
    body: bytes
    etag: bytes
    sources: tuple[str, ...] = ()
    version: str | None = None
    until: float = 0.0  # of an answer without a version
    write: int = 0  # writes of the tenant through this process before the answer was read
    is_renewed: bool = False  # a request reads it again, while others still get it


class Memory:
    """The answers that were used last."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[Key, tuple[Kept, int]] = OrderedDict()
        self.size = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key) -> Kept | None:
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: Key, kept: Kept) -> None:
        """Keep an answer instead of an earlier one, and drop the answers that were not used for the longest time."""
        self.drop(key)
        size = _OVERHEAD + len(kept.body) + len(key[0]) + len(key[1]) + len(key[2]) + sum(map(len, key[3]))
        if size * _LARGEST > self._most:
            return
        self._kept[key] = (kept, size)
        self.size += size
        while self.size > self._most:
            self.size -= self._kept.popitem(last=False)[1][1]

    def drop(self, key: Key) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self.size -= found[1]
