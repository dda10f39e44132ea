"""Render templates, in which all data is escaped, and write pages atomically.

A figure that is None is not known. The page has a dash for it, and sums leave it out.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from stanchion.errors import StanchionError
from stanchion.replacing import replacing

_TEMPLATES = Path(__file__).with_name("templates")
NONE = "–"
_MINUS = "\N{MINUS SIGN}"


def render(template: str, **facts: Any) -> str:
    """Render a template of etl/stanchion/report/templates. Raises StanchionError when the rows do not fit together."""
    from jinja2 import UndefinedError  # imported here: it is slow

    written_at = datetime.now(UTC)
    try:
        return str(_environment().get_template(template).render(facts, written_at=written_at))
    except UndefinedError as error:
        raise StanchionError(
            "The rows of the marts do not fit together. Build them again: stanchion build --full-refresh"
        ) from error


def style(*names: str) -> str:
    """Return the style sheets with these names, one after another."""
    return "\n".join((_TEMPLATES / name).read_text(encoding="utf-8") for name in names)


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=known,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "clock": clock,
        "share": share,
        "signed": signed,
        "number": number,
        "plain": plain,
        "size": size,
        "plus": plus,
        "per": per,
        "total": total,
        "largest": largest,
    }
    environment.globals["version"] = version("stanchion")
    environment.globals["style"] = Markup(style("style.css"))  # noqa: S704 - a file of this package
    return environment


def write(page: str, out: Path) -> None:
    """Write a page, so that a reader gets the old or the new one."""
    with replacing(out) as beside:
        beside.write_text(page, encoding="utf-8")


def known(value: Any) -> Any:
    """Return a dash for None, and any other value unchanged."""
    return NONE if value is None else value


def plus(first: Any, second: Any) -> Any:
    """Return the sum of two figures; None when one of them is not known."""
    return None if first is None or second is None else first + second


def per(amount: Any, games: int) -> Any:
    """Return the amount per game; None when it is not known, or without games."""
    return None if amount is None or not games else amount / games


def total(rows: Iterable[Mapping[str, Any]], column: str) -> Any:
    """Return the sum of the figures that are known; None when none is."""
    figures = [row[column] for row in rows if row[column] is not None]
    return sum(figures) if figures else None


def largest(rows: Iterable[Mapping[str, Any]], *columns: str) -> Any:
    """Return the largest of the figures that are known; 0 when none is."""
    return max((row[column] for row in rows for column in columns if row[column] is not None), default=0)


def clock(seconds: float | None) -> str:
    """Return minutes and seconds, as hockey writes time."""
    return NONE if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def share(part: Decimal | float | None, digits: int = 1) -> str:
    """Return a share from 0 to 1 as a percentage, and a dash for null."""
    return NONE if part is None else f"{_rounded(_decimal(part) * 100, digits)} %"


def signed(count: int | None) -> str:
    return NONE if count is None else f"{count:+d}".replace("-", _MINUS) if count else "0"


def number(value: Decimal | float | None, digits: int = 0) -> str:
    return NONE if value is None else f"{_rounded(_decimal(value), digits):,}".replace("-", _MINUS)


def plain(value: Decimal | None) -> str:
    """Return the shortest form of a number, such as 4 or 1.5."""
    return NONE if value is None else f"{value.normalize():f}"


def size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} TB"


def _decimal(value: Decimal | float) -> Decimal:
    """Return the decimal number that the mart rounded to: as a float, 0.35 is a little less than 0.35."""
    return Decimal(str(value))


def _rounded(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def anchors(kind: str, keys: Iterable[str]) -> dict[str, str]:
    """Return an anchor for each key. It is a number, because a key can be any text."""
    return {key: f"{kind}-{number}" for number, key in enumerate(keys, 1)}


def links(anchors: Mapping[str, str]) -> dict[str, str]:
    """Return the link to the anchor of each key."""
    return {key: f"#{anchor}" for key, anchor in anchors.items()}
