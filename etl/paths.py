"""Where the SQL that ships with Stanchion is: the checkout, or the copy inside the wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_SHIPPED = _PACKAGE / "_shipped"

ROOT = _SHIPPED if _SHIPPED.is_dir() else _PACKAGE.parent
QUERIES = _PACKAGE / "queries"


def query(name: str) -> str:
    """The text of etl/queries/NAME.sql."""
    return (QUERIES / f"{name}.sql").read_text(encoding="utf-8")
