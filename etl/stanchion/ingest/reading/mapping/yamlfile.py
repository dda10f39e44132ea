"""Read a mapping from YAML. Every error names the line and the key.

Only plain values are read: no tags, no aliases, and none of the surprises of YAML 1.1, in which no is false, 1:30 is 90
and 2022-02-08 is a date.
"""

import re
from typing import Any, Final

import msgspec
import yaml

from stanchion.errors import StanchionError
from stanchion.ingest.reading.mapping.check import problems
from stanchion.ingest.reading.mapping.schema import CHOICES, Mapping

MAX_BYTES: Final = 256 * 2**10
_MAX_DEPTH: Final = 20
_NUMBER: Final = re.compile(r"[-+]?\d{1,15}(\.\d{1,15})?", re.ASCII)
_WORDS: Final = {"true": True, "false": False, "null": None, "~": None, "": None}
_PLACE: Final = re.compile(r"\.?([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_KEY: Final = re.compile(r"`(.*)`")
_AT: Final = re.compile(r" - at `(?:key in )?\$?(.*)`$")

Place = tuple[str | int, ...]


class MappingError(StanchionError):
    """The reason why a mapping cannot be used, with its line and key."""


def read_mapping(data: bytes | str, path: str) -> Mapping:
    """Return the mapping in a YAML file. Raises MappingError; `path` is the name of the file as shown to the user."""
    tree, lines = _parse(data, path)
    try:
        mapping = msgspec.convert(tree, Mapping)
    except msgspec.ValidationError as error:
        place, message = _explained(tree, error)
        raise _error(path, lines, place, message) from None
    for place, message in problems(mapping):
        raise _error(path, lines, place, message)
    return mapping


def from_tree(tree: Any) -> Mapping:
    """Return the mapping in an archived document. Raises ValueError when it is none."""
    mapping = msgspec.convert(tree, Mapping)  # msgspec.ValidationError is a ValueError
    for _, message in problems(mapping):
        raise ValueError(message)
    return mapping


def _error(path: str, lines: dict[Place, int], place: Place, message: str) -> MappingError:
    known = place
    while known not in lines:
        known = known[:-1]
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    return MappingError(f"{path}, line {lines[known]}{f', {key}' if key else ''}: {message}")


def _parse(data: bytes | str, path: str) -> tuple[Any, dict[Place, int]]:
    """Return the tree and the line of each of its places."""
    if len(data) > MAX_BYTES:
        raise MappingError(f"{path}: the mapping is larger than {MAX_BYTES // 2**10} KB.")
    try:
        text = data if isinstance(data, str) else data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MappingError(f"{path}: the mapping is not UTF-8 text.") from None
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise MappingError(f"{path}, line {line}: not valid YAML: {error.problem}.") from None
    except (yaml.YAMLError, RecursionError):
        raise MappingError(f"{path}: not valid YAML.") from None
    lines: dict[Place, int] = {(): 1}
    return _value(node, (), lines, path), lines


class _Loader(yaml.SafeLoader):
    """A loader that composes nodes, but refuses aliases, which can make a small file huge."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="aliases are not read", problem_mark=event.start_mark)
        return super().compose_node(parent, index)


def _value(node: Any, place: Place, lines: dict[Place, int], path: str) -> Any:
    """Convert a node to plain values."""
    if node is None:
        return None
    lines.setdefault(place, node.start_mark.line + 1)
    if len(place) > _MAX_DEPTH:
        raise _error(path, lines, place, "The mapping is nested too deep.")
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*place, number), lines, path) for number, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _error(path, lines, place, "A key must be a text.")
            name = str(key.value)
            lines[(*place, name)] = key.start_mark.line + 1
            if name in found:
                raise _error(path, lines, (*place, name), "The key occurs twice.")
            found[name] = _value(item, (*place, name), lines, path)
        return found
    return _scalar(node)


def _scalar(node: Any) -> str | int | float | bool | None:
    text = str(node.value)
    if node.style:  # in quotes
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if not _NUMBER.fullmatch(text) or re.match(r"[-+]?0\d", text):  # 07 is a text
        return text
    return float(text) if "." in text else int(text)


def _explained(tree: Any, error: msgspec.ValidationError) -> tuple[Place, str]:
    """Return the place and the message of an error. Where msgspec names no key, the key is found by trial."""
    message = str(error)
    found = _AT.search(message)
    place: list[str | int] = []
    for name, number in _PLACE.findall(found[1] if found else ""):
        if number == "...":
            place.append(_culprit(tree, tuple(place), message))
        else:
            place.append(name or int(number))
    sentence = message[: found.start()] if found else message
    key = next(iter(_KEY.findall(sentence)), "")
    if sentence.startswith("Object contains unknown field"):
        return (*place, key), "The key is not known."
    if sentence.startswith("Object missing required field"):
        return tuple(place), f"The key '{key}' is missing."
    name = next((part for part in reversed(place) if isinstance(part, str)), "")
    if sentence.startswith("Invalid enum value") and name in CHOICES:
        sentence += f"; expected one of {', '.join(CHOICES[name])}"
    return tuple(place), f"{sentence.replace('`', chr(39))}."


def _culprit(tree: Any, place: Place, message: str) -> str:
    """Return the key of the object at a place that causes an error."""
    part = tree
    for key in place:
        part = part[key]
    for key in part:
        others = {name: part[name] for name in part if name != key}
        try:
            msgspec.convert(_replaced(tree, place, others), Mapping)
        except msgspec.ValidationError as error:
            if str(error) == message:
                continue
        return str(key)
    return str(next(iter(part)))


def _replaced(tree: Any, place: Place, value: Any) -> Any:
    """Return a copy of a tree with another value at a place."""
    if not place:
        return value
    copy: Any = list(tree) if isinstance(tree, list) else dict(tree)
    copy[place[0]] = _replaced(tree[place[0]], place[1:], value)
    return copy
