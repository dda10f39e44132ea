"""Functions that stanchion_app may call."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_ERROR = re.compile(r"\b([0-9A-Z]{5}) (when [^;.]+)")
# They choose for whom a transaction acts, which the server does itself.
_CONTEXT = frozenset({"core.set_context", "core.set_local", "core.use_api_key", "core.tenant_for_domain"})
_KEY = "p_key"


@dataclass(frozen=True)
class Argument:
    name: str
    type: str
    required: bool

    @property
    def short_name(self) -> str:
        return self.name.removeprefix("p_")


@dataclass(frozen=True)
class Function:
    schema: str
    name: str
    comment: str
    is_volatile: bool
    returns_set: bool
    result: str
    columns: dict[str, str]  # types of the columns of a result that is a row
    arguments: tuple[Argument, ...]

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def errors(self) -> dict[str, str]:
        """Return the meaning of each SQLSTATE, from the comment: Errors: CODE when ...; CODE when ..."""
        return dict(_ERROR.findall(self.comment))

    @property
    def takes_key(self) -> bool:
        """Return whether the function claims an idempotency key itself."""
        return any(each.name == _KEY for each in self.arguments)

    @classmethod
    def of_row(cls, row: Any) -> Function:
        schema, name, comment, volatility, is_set, result, of_type, outputs, names, types, modes, defaults = row
        modes = list(modes) or ["i"] * len(types)
        names = list(names) + [""] * (len(modes) - len(names))
        inputs = [each for each, mode in zip(names, modes, strict=True) if mode in ("i", "b")]
        required = len(types) - defaults
        arguments = tuple(
            Argument(each, kind, at < required) for at, (each, kind) in enumerate(zip(inputs, types, strict=True))
        )
        # one OUT argument without a set of rows is a plain value
        is_row = of_type or len(outputs or ()) > 1 or "t" in modes
        columns = dict(of_type or outputs) if is_row else {}
        return cls(schema, name, comment or "", volatility == "v", is_set, result, columns, arguments)


def is_callable(function: Function) -> bool:
    """Return whether requests may name the function. An argument without a name cannot be given."""
    return function.full_name not in _CONTEXT and all(each.name for each in function.arguments)
