"""Patterns of texts that contain several values, such as '#{jersey} {name}'."""

import re
from functools import cache
from typing import Final

_FIELD: Final = re.compile(r"\\\{(id|name|jersey|position)\\\}")
_MATCHES: Final = {"id": r"\S+?", "jersey": r"\d{1,3}", "position": r"\w{1,3}", "name": r"\S.{0,200}?"}


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return the regular expression of a pattern. A field that occurs twice counts once."""
    seen: set[str] = set()

    def group(found: re.Match[str]) -> str:
        name = found[1]
        if name in seen:
            return _MATCHES[name]
        seen.add(name)
        return f"(?P<{name}>{_MATCHES[name]})"

    return re.compile(_FIELD.sub(group, re.escape(pattern)).replace(r"\ ", r"\s+"))


def fields(pattern: str, text: str) -> dict[str, str]:
    """Return the values in a text; none when the text has another form."""
    found = compiled(pattern).fullmatch(text[:500].strip())
    return found.groupdict() if found else {}
