"""Keep contents that were read lately in memory, because a document is opened several times in a row.

Without it, each opening would decompress a tar archive from its beginning, or download a remote file again.
"""

from collections import OrderedDict
from typing import Final

MAX_ITEM_BYTES: Final = 64 * 2**20  # larger contents are not kept
_MAX_BYTES: Final = 128 * 2**20  # of all contents together

_contents: OrderedDict[object, bytes] = OrderedDict()


def keep(key: object, data: bytes) -> None:
    """Keep a content, and drop those that were used least lately when they are too large together."""
    if len(data) > MAX_ITEM_BYTES:
        return
    _contents[key] = data
    _contents.move_to_end(key)
    while sum(map(len, _contents.values())) > _MAX_BYTES or len(_contents) > 64:
        _contents.popitem(last=False)


def find(key: object) -> bytes | None:
    """Return a content that is kept, or None."""
    if key in _contents:
        _contents.move_to_end(key)
    return _contents.get(key)
