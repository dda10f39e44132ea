"""Where the SQL that ships with Stanchion is: the checkout, the copy inside the wheel, or STANCHION_ROOT, for tests."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_SHIPPED = _PACKAGE / "_shipped"

ROOT = Path(os.environ.get("STANCHION_ROOT") or (_SHIPPED if _SHIPPED.is_dir() else _PACKAGE.parent))
QUERIES = _PACKAGE / "queries"


def query(name: str) -> str:
    """The text of etl/queries/NAME.sql."""
    return (QUERIES / f"{name}.sql").read_text(encoding="utf-8")
