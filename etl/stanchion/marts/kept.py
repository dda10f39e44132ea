"""Keep objects of a build in files beside dbt's output, so that the next process need not compute them again.

Reading such a file can run code, as with Python's own cache of bytecode. So a file is read only if it belongs to the
user of this process and no other user may write it.
"""

import contextlib
import hashlib
import os
import pickle
import stat
from pathlib import Path
from typing import Any

from stanchion.replacing import replacing


def read(path: Path, version: str) -> Any:
    """Return the object of this version, or None when the file is missing, damaged, of another version or unsafe."""
    # any exception: the file may have been written by another version of Python or dbt
    with contextlib.suppress(Exception):
        # without O_NONBLOCK, a named pipe would block the build
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            is_own = status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
            if not (is_own and stat.S_ISREG(status.st_mode)):
                return None
            head, _, content = file.read().partition(b"\n")
        if head == _head(version, content):
            return pickle.loads(content)  # noqa: S301 - only this user can have written the file
    return None


def write(path: Path, version: str, kept: Any) -> None:
    """Replace the file. An error is ignored, because without the file the next build computes the object."""
    with contextlib.suppress(Exception):
        content = pickle.dumps(kept, pickle.HIGHEST_PROTOCOL)
        with replacing(path) as beside:
            beside.touch(mode=0o600)
            beside.write_bytes(_head(version, content) + b"\n" + content)


def _head(version: str, content: bytes) -> bytes:
    """Return the first line of a file. Bytes that a crash of the machine has lost must not run as code."""
    return hashlib.sha256(version.encode() + content).hexdigest().encode()
