"""Compare the rows of a peer with those of a mart, cell by cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from stanchion.errors import StanchionError

Row = Sequence[Any]


def require_equal(
    peer: str, mart: str, columns: Sequence[str], keys: int, ours: Iterable[Row], theirs: Iterable[Row]
) -> int:
    """Return the number of compared cells. The first `keys` columns identify a row.

    Raises StanchionError with the first cell, row or repeated key that differs.
    """
    expected, found = (_by_key(who, mart, keys, rows) for who, rows in (("the marts", ours), (peer, theirs)))
    if odd := expected.keys() ^ found.keys():
        key = min(odd, key=str)
        missing = f"is missing in {peer}" if key in expected else f"of {peer} is missing in the marts"
        raise StanchionError(f"{peer} and the marts differ: the row {_shown(key)} of {mart} {missing}.")
    for key, row in expected.items():
        for column, right, wrong in zip(columns, row, found[key], strict=True):
            if right != wrong:
                raise StanchionError(
                    f"{peer} and the marts differ: {column} of {_shown(key)} in {mart} is {wrong}, expected {right}."
                )
    return len(expected) * len(columns)


def _by_key(who: str, mart: str, keys: int, rows: Iterable[Row]) -> dict[tuple[Any, ...], Row]:
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(row[:keys])
        if key in found:
            raise StanchionError(f"{who} has two rows {_shown(key)} of {mart}.")
        found[key] = row
    return found


def _shown(key: tuple[Any, ...]) -> str:
    return "/".join(map(str, key))
