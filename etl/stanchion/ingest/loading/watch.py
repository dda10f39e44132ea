"""A folder whose files are loaded as they appear and change, once they are still.

What there is to do is always found by looking at the folder; the system's notices of changes, where it has them,
only end the waiting early. So one that is lost, or a folder that has none, costs a little time and no file.
"""

from __future__ import annotations

import ctypes
import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

STILL = 0.5  # seconds without a change after which a file is read
POLL = 5.0  # seconds between two looks where nobody gives notice

_CHANGES = 0x2 | 0x8 | 0x40 | 0x80 | 0x100  # modify, close after writing, moved from, moved to, create
_CLOEXEC_NONBLOCK = os.O_CLOEXEC | os.O_NONBLOCK

State = tuple[int, int, int]  # inode, size, nanosecond of the last change


class Notices:
    """Waits for changes below a folder: as long as told, or shorter where the system says that there was one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._libc: ctypes.CDLL | None = None
        self._fd = -1
        try:
            self._libc = ctypes.CDLL(None, use_errno=True)
            self._fd = self._libc.inotify_init1(_CLOEXEC_NONBLOCK)
        except (OSError, AttributeError):
            self._fd = -1
        self.are_given = self._fd >= 0

    def wait(self, seconds: float) -> None:
        if not self.are_given or self._libc is None:
            time.sleep(seconds)
            return
        # asked for anew each time: a folder that was made meanwhile has none yet, and asking twice does nothing
        for folder, _, _ in os.walk(self.folder):
            self._libc.inotify_add_watch(self._fd, os.fsencode(folder), _CHANGES)
        if select.select([self._fd], [], [], seconds)[0]:
            os.read(self._fd, 2**16)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)


@dataclass
class Folder:
    """Which files of a folder are new or changed, and still."""

    path: Path
    _seen: dict[str, tuple[State, float]] = field(default_factory=dict)  # since when each is as it is
    _loaded: dict[str, State] = field(default_factory=dict)

    def look(self, now: float) -> tuple[list[str], bool]:
        """The files to load now, and whether there are others that still change."""
        found = dict(_states(self.path))
        self._seen = {
            path: self._seen[path] if self._seen.get(path, (None, 0))[0] == state else (state, now)
            for path, state in found.items()
        }
        self._loaded = {path: state for path, state in self._loaded.items() if path in found}
        fresh = [path for path, state in found.items() if self._loaded.get(path) != state]
        still = [path for path in fresh if now - self._seen[path][1] >= STILL]
        return sorted(still), len(still) < len(fresh)

    def loaded(self, paths: list[str]) -> None:
        """These were read as they were when they were last looked at; what has changed since is fresh again."""
        for path in paths:
            self._loaded[path] = self._seen[path][0]


def _states(folder: Path) -> list[tuple[str, State]]:
    states = []
    for below, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.startswith((".", "~$")):
                continue
            path = os.path.join(below, name)  # noqa: PTH118
            try:
                found = os.stat(path)  # noqa: PTH116
            except OSError:
                continue  # gone meanwhile
            states.append((path, (found.st_ino, found.st_size, found.st_mtime_ns)))
    return states


def watch(folder: Path, load: Callable[[list[str]], bool], *, once: bool) -> None:
    """Hand over what appears and changes below the folder, for ever or until what is there now was.

    `load` answers whether it was done; what was not is handed over again.
    """
    state, notices = Folder(folder), Notices(folder)
    try:
        while True:
            paths, are_changing = state.look(time.monotonic())
            if paths and load(paths):
                state.loaded(paths)
                continue
            if once and not paths and not are_changing:
                return
            if are_changing:
                time.sleep(STILL / 2)
            else:
                notices.wait(POLL)
    finally:
        notices.close()
