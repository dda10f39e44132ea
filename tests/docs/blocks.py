"""The commands in the documentation's blocks, with what they are said to print.

In a console block a command begins with "$ ", and what follows is what it prints; "..." stands for any lines, and
nothing after a command says nothing about it. Before a block may stand, unseen by readers:

    <!-- not run: WHY -->        the block cannot be run, or not by a test
    <!-- first: COMMAND -->      what has to happen before it
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_BLOCK = re.compile(
    r"(?P<remarks>(?:^ *<!-- (?:not run|first): .*? -->\n)*)^ *```(?P<language>console|sh)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
_UNSTABLE = (
    (r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "[0-9a-f-]{36}"),
    (r"\*{4,}", r"\S+"),
    (r"(?<![0-9A-Za-z])(?=[a-f]*\d)[0-9a-f]{6,}(?![0-9A-Za-z])", "[0-9a-f]+"),
    (r"\d[\d,.:]*(?<=\d)", r"\d[\d,.:]*"),
    (r"\s+", r"\s+"),
)
_ANY = re.compile("|".join(f"({what})" for what, _ in _UNSTABLE))


@dataclass
class Command:
    text: str
    prints: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    not_run: str | None
    first: list[str]
    commands: list[Command]


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        remarks = found["remarks"]
        why = re.search(r"<!-- not run: (.*?) -->", remarks)
        first = re.findall(r"<!-- first: (.*?) -->", remarks)
        line = text.count("\n", 0, found.start("language")) + 1
        yield Block(page, line, why and why[1], first, list(_commands(found["language"], found["text"])))


def _commands(language: str, text: str) -> Iterator[Command]:
    command: Command | None = None
    for line in text.replace("\\\n", " ").splitlines():
        if language == "sh" or line.startswith("$ "):
            if command:
                yield command
            command = Command(re.split(r"(?<=\S)  +#", line.removeprefix("$ "))[0].strip())
        elif command and line.strip():
            command.prints.append(line.strip())
    if command:
        yield command


def differences(command: Command, out: str, err: str) -> list[str]:
    """What was said to be printed and was not, and the other way round; numbers, ids and widths may differ."""
    if not command.prints:
        return []
    told = [re.compile(_pattern(line)) for line in command.prints if line != "..."]
    printed = [line.strip() for line in out.splitlines() if line.strip()]
    known = [*printed, *(line.strip() for line in err.splitlines())]
    missing = [line.pattern for line in told if not any(line.fullmatch(text) for text in known)]
    unsaid = [
        text for text in printed if "..." not in command.prints and not any(line.fullmatch(text) for line in told)
    ]
    return [f"it does not print: {line}" for line in missing] + [f"it also prints: {line}" for line in unsaid]


def _pattern(line: str) -> str:
    parts, end = [], 0
    for found in _ANY.finditer(line):
        parts += [re.escape(line[end : found.start()]), _UNSTABLE[(found.lastindex or 1) - 1][1]]
        end = found.end()
    return "".join([*parts, re.escape(line[end:])])
