"""Commands in the blocks of the documentation, with their expected output.

In a console block a command begins with "$ ", followed by the lines that it prints. "..." stands for any lines. A
command without lines after it may print anything. Comments before a block, invisible to readers, have a meaning:

    <!-- not run: REASON -->     the test does not run the block
    <!-- first: COMMAND -->      the test runs this command before the block
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

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
    for line in dedent(text).replace("\\\n", " ").splitlines():
        if language == "sh" or line.startswith("$ "):
            if command:
                yield command
            command = Command(re.split(r"(?<=\S)  +#", line.removeprefix("$ "))[0].strip())
        elif command and line.strip():
            command.prints.append(line.strip())
    if command:
        yield command


def differences(command: Command, out: str, err: str) -> list[str]:
    """Return the differences between expected and printed lines. Numbers, ids and widths may differ."""
    if not command.prints:
        return []
    expected = [re.compile(_pattern(line)) for line in command.prints if line != "..."]
    printed = [line.strip() for line in out.splitlines() if line.strip()]
    all_lines = [*printed, *(line.strip() for line in err.splitlines())]
    missing = [line.pattern for line in expected if not any(line.fullmatch(text) for text in all_lines)]
    unexpected = [
        text for text in printed if "..." not in command.prints and not any(line.fullmatch(text) for line in expected)
    ]
    return [f"it does not print: {line}" for line in missing] + [f"it also prints: {line}" for line in unexpected]


def _pattern(line: str) -> str:
    parts, end = [], 0
    for found in _ANY.finditer(line):
        parts += [re.escape(line[end : found.start()]), _UNSTABLE[(found.lastindex or 1) - 1][1]]
        end = found.end()
    return "".join([*parts, re.escape(line[end:])])
