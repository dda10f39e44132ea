"""Arguments of a call: the body of a request, or its query string, as texts that Postgres casts to their types."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn

from stanchion.serve.call.functions import Function
from stanchion.serve.problems import Problem

_DEEPEST = 100  # arrays and objects within each other


def parse_body(body: bytes) -> dict[str, Any]:
    """Return the object of a body in JSON. A number that is an argument keeps every digit."""
    if not body.strip():
        return {}
    try:
        found = json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise _refused("the body is not JSON in UTF-8") from None
    if not isinstance(found, dict):
        raise _refused("the body must be an object with the arguments of the function by their names")
    return found


def bind(
    function: Function, given: dict[str, Any], key: str | None, *, from_query: bool = False
) -> dict[str, str | None]:
    """Return the text of each argument by its full name. A name may be without its prefix p_.

    `key` is the header Idempotency-Key, for a function that claims keys itself.
    """
    known = {argument.short_name: argument for argument in function.arguments}
    known |= {argument.name: argument for argument in function.arguments}
    bound: dict[str, str | None] = {}
    for name, value in given.items():
        argument = known.get(name)
        if argument is None:
            names = ", ".join(each.short_name for each in function.arguments) or "none"
            raise _refused(f"{function.full_name} has no argument {name[:63]}; its arguments are: {names}")
        if argument.name in bound:
            raise _refused(f"the argument {argument.short_name} is given twice")
        bound[argument.name] = value if from_query else _text(value, argument.type)
    if key is not None and function.takes_key and bound.setdefault("p_key", key) != key:
        raise _refused("the header idempotency-key differs from the argument key")
    missing = [each.short_name for each in function.arguments if each.required and each.name not in bound]
    if missing:
        raise _refused(f"{function.full_name} needs {', '.join(missing)}")
    return bound


def _text(value: Any, kind: str) -> str | None:
    if value is None:
        return None
    if kind in ("json", "jsonb"):
        text = json.dumps(_plain(value), ensure_ascii=False)
    elif kind.endswith("[]") and isinstance(value, list):
        text = _array(value, 0)
    elif isinstance(value, list | dict):
        text = json.dumps(_plain(value), ensure_ascii=False)
    else:
        text = _scalar(value)
    if "\0" in text:
        raise _refused("the body contains a zero byte")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _refused("the body contains half of a pair of surrogates") from None
    return text


def _plain(value: Any, depth: int = 0) -> Any:
    if depth > _DEEPEST:
        raise _refused(f"the body has more than {_DEEPEST} levels")
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value.adjusted()) < 300 else float(value)
    if isinstance(value, list):
        return [_plain(each, depth + 1) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each, depth + 1) for name, each in value.items()}
    return value


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _array(values: list[Any], depth: int) -> str:
    if depth > 5:
        raise _refused("an array has more than 6 dimensions")
    parts = []
    for value in values:
        if value is None:
            parts.append("null")
        elif isinstance(value, list):
            parts.append(_array(value, depth + 1))
        else:
            text = json.dumps(_plain(value), ensure_ascii=False) if isinstance(value, dict) else _scalar(value)
            escaped = text.replace("\\", r"\\").replace('"', r"\"")
            parts.append(f'"{escaped}"')
    return "{" + ",".join(parts) + "}"


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _refused(detail: str) -> Problem:
    return Problem(400, detail, code="PGRST102")
