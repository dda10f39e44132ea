"""Watch a folder, and load its files when they appear or change and are then left alone for half a second.

The files to load are always found by scanning the folder. Change notifications of the system only end a wait early, so
a lost notification, or a file system without them, delays a file but never loses one.
"""

from __future__ import annotations

import ctypes
import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

STILL = 0.5  # seconds without a change after which a file is loaded
POLL = 5.0  # seconds between two scans without a notification

_CHANGES = 0x2 | 0x8 | 0x40 | 0x80 | 0x100  # modify, close after writing, moved from, moved to, create
_CLOEXEC_NONBLOCK = os.O_CLOEXEC | os.O_NONBLOCK

State = tuple[int, int, int]  # inode, size, nanosecond of the last change


class Notifications:
    """Waits for a change under a folder with inotify, or for a fixed time where inotify is missing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._libc: ctypes.CDLL | None = None
        self._fd = -1
        try:
            self._libc = ctypes.CDLL(None, use_errno=True)
            self._fd = self._libc.inotify_init1(_CLOEXEC_NONBLOCK)
        except (OSError, AttributeError):
            self._fd = -1
        self.are_available = self._fd >= 0

    def wait(self, seconds: float) -> None:
        """Wait for a change, at most this many seconds."""
        if not self.are_available or self._libc is None:
            time.sleep(seconds)
            return
        # repeated for each wait, because new folders have no inotify watch yet; adding one twice has no effect
        for folder, _, _ in os.walk(self.folder):
            self._libc.inotify_add_watch(self._fd, os.fsencode(folder), _CHANGES)
        if select.select([self._fd], [], [], seconds)[0]:
            os.read(self._fd, 2**16)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)


@dataclass
class Folder:
    """Finds the files of a folder that are new or changed, and complete."""

    path: Path
    _seen: dict[str, tuple[State, float]] = field(default_factory=dict)  # with the time of the first scan in that state
    _loaded: dict[str, State] = field(default_factory=dict)

    def scan(self, now: float) -> tuple[list[str], bool]:
        """Return the files to load now, and whether other files are still changing."""
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
        """Mark files as loaded in the state of the last scan. A file that has changed since then is loaded again."""
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
                continue  # deleted during the scan
            states.append((path, (found.st_ino, found.st_size, found.st_mtime_ns)))
    return states


def watch(folder: Path, load: Callable[[list[str]], bool], *, once: bool) -> None:
    """Call `load` with the files that appear or change under the folder, until interrupted.

    `load` returns whether it succeeded; files of a failed call are passed again. With `once`, return after the files
    that exist now were loaded.
    """
    state, notifications = Folder(folder), Notifications(folder)
    try:
        while True:
            paths, are_changing = state.scan(time.monotonic())
            if paths and load(paths):
                state.loaded(paths)
                continue
            if once and not paths and not are_changing:
                return
            if are_changing:
                time.sleep(STILL / 2)
            else:
                notifications.wait(POLL)
    finally:
        notifications.close()
