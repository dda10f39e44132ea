"""Keep only the known fields of a document, so that nothing else of it is archived or shown.

A shape describes the known fields: VALUE is a single value, a mapping is an object with these keys, and a list with one
shape is a list of such pieces.
"""

from typing import Any, Final

VALUE: Final = "value"
_LARGEST: Final = 2**63 - 1  # maximum of a bigint

_SAFE: Final = (str, float, bool)  # values that need no check; most are text

Shape = str | dict[str, Any] | list[Any]


def known(tree: Any, shape: Shape) -> Any:
    """Return the known part of a tree; None in place of a piece that does not have the shape.

    Keys without a value are left out, and the others keep the order of the tree. A list keeps the places of its pieces.
    A whole number outside the range of bigint becomes None.
    """
    if shape == VALUE:
        if isinstance(tree, int) and not -_LARGEST <= tree <= _LARGEST:
            return None
        return tree if isinstance(tree, str | int | float) else None
    if isinstance(shape, dict):
        if not isinstance(tree, dict):
            return None
        found = {}
        for name, value in tree.items():
            inner_shape = shape.get(name)
            if inner_shape is None or value is None:
                continue
            if inner_shape != VALUE or value.__class__ not in _SAFE:
                value = known(value, inner_shape)
            if value is not None:
                found[name] = value
        return found
    return [known(piece, shape[0]) for piece in tree] if isinstance(tree, list) else None


def inner(tree: Any, *names: str) -> Any:
    """Return the value under nested keys; None when one of them is absent or not in an object."""
    for name in names:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def items(tree: Any, *names: str) -> list[Any]:
    """Return the list under nested keys; an empty list when it is not a list."""
    found = inner(tree, *names)
    return found if isinstance(found, list) else []
