"""Files that ship with Stanchion: the SQL of the checkout or of the wheel, and the named queries of each subpackage."""

import os
import re
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_SHIPPED = _PACKAGE / "_shipped"  # only in a wheel
_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)

# STANCHION_ROOT is for tests that change a copy of the checkout.
ROOT = Path(os.environ.get("STANCHION_ROOT") or (_SHIPPED if _SHIPPED.is_dir() else _PACKAGE.parents[1]))


@cache
def queries(file: str) -> dict[str, str]:
    """Return every query of a file of this package by its name, in the order of the file."""
    _, *parts = _NAME.split((_PACKAGE / file).read_text(encoding="utf-8"))
    return {name: text.strip().removesuffix(";") for name, text in zip(parts[::2], parts[1::2], strict=True)}


def query(package: str, name: str) -> str:
    """Return the query that follows `-- name: NAME` in PACKAGE/queries.sql."""
    return queries(f"{package}/queries.sql")[name]
