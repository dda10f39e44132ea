"""Write a file or a folder beside the old one, and replace it when it is complete."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """Yield a path to write to. It replaces `out` at the end; after an error, `out` is unchanged."""
    beside = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        yield beside
        if beside.is_dir():
            with suppress(FileNotFoundError):
                shutil.rmtree(out)
        beside.replace(out)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        beside.unlink(missing_ok=True)
