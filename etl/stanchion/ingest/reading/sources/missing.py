"""The error for a path that does not exist, with the nearest name that does."""

import difflib
import os
from collections.abc import Callable, Iterable
from itertools import islice

from stanchion.errors import StanchionError

_MAX_NAMES = 10_000  # names of one folder that are compared


class MissingPathError(StanchionError):
    """A path, pattern or URL under which there is nothing."""


def missing(path: str) -> MissingPathError:
    """Return the error for a local path or a pattern without matches."""
    if any(character in path for character in "*?["):
        return MissingPathError(f"No file matches the pattern '{path}'.")
    return describe(path, nearest(path, _names))


def describe(path: str, near: str | None) -> MissingPathError:
    """Return the error for a path and, if there is one, the nearest existing path."""
    hint = f" The nearest name is '{near}'." if near else ""
    return MissingPathError(f"There is no file or folder '{path}'.{hint}")


def nearest(path: str, names: Callable[[str], Iterable[str]]) -> str | None:
    """Return the existing path whose names are nearest to those of a path that does not exist.

    `names` returns the names in a folder, and none when there is no such folder. None: no name is similar.
    """
    root, _, rest = path.rpartition("://")
    built = f"{root}://" if root else "/" if rest.startswith("/") else ""
    is_changed = False
    for part in (part for part in rest.split("/") if part):
        if part not in (".", ".."):
            found = list(islice(names(built or "."), _MAX_NAMES))
            if part not in found:
                similar = difflib.get_close_matches(part, found, n=1)
                if not similar:
                    return None
                part, is_changed = similar[0], True
        built = f"{built}{part}/"
    return built.rstrip("/") if is_changed else None


def _names(folder: str) -> Iterable[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in islice(entries, _MAX_NAMES))
    except OSError:
        return ()
