"""Commands, options, make targets, paths and links in the documentation exist.

In a console block, lines that begin with "$ " are commands, and the other lines are their output. In other blocks, two
spaces end a command and begin a remark. In prose, a command can stand without its arguments.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from .cli_reference import PROGRAMS, ROOT

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted(ROOT.glob("docs/**/*.md")),
]
TOP = {path.name for path in ROOT.iterdir()}
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
PLACEHOLDER = re.compile(r"(?<![A-Za-z])(NNNN|[A-Z]*SCHEMA|TABLE|NAME)(?![A-Z])")


def words_of(line: str) -> Iterator[list[str]]:
    """Yield the words of each command in a line of shell."""
    for inner in re.findall(r"\$\(([^()]*)\)", line):
        yield from words_of(inner)
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split, lexer.commenters = True, "#"
    command: list[str] = []
    for word in lexer:
        if set(word) <= set("|&;<>"):
            yield command
            command = []
        elif command or not re.match(r"\w+=", word):  # skips DATABASE_URL=... before a command
            command.append(word)
    yield command


def shown_on(page: Path) -> Iterator[tuple[str, bool]]:
    """Yield each line of a code block that can be a command, and each code span, with whether it is in prose."""
    text = page.read_text(encoding="utf-8")
    for language, block in FENCE.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            if language != "console" or line.startswith("$ "):
                yield re.split(r"(?<=\S)  ", line.strip().removeprefix("$ "))[0], False
    for span in INLINE.findall(FENCE.sub("", text)):
        yield span, True


def commands(page: Path) -> Iterator[tuple[str, list[str], bool]]:
    for line, in_prose in shown_on(page):
        if re.search(rf"(^|[\s(/])({'|'.join(PROGRAMS)}|make)( |$)", line):
            for words in words_of(line):
                if words and Path(words[0]).name in {*PROGRAMS, "make"}:
                    yield line, [Path(words[0]).name, *words[1:]], in_prose


def parse(words: list[str], *, in_prose: bool) -> None:
    """Find the command in the tree of commands, and let it parse the remaining words without running it."""
    name, rest, parent = words[0], words[1:], None
    command = PROGRAMS[name]
    while isinstance(command, click.Group) and rest:
        parent = click.Context(command, info_name=name, parent=parent, **command.context_settings)
        if child := command.get_command(parent, rest[0]):  # bench has arguments of its own too
            name, command, rest = rest[0], child, rest[1:]
            continue
        options, rest, _ = command.make_parser(parent).parse_args(rest)
        if options.keys() & {"help", "version"} or not rest:
            return
        found, child, rest = command.resolve_command(parent, rest)
        assert found and child
        name, command = found, child
    if not isinstance(command, click.Group) and (rest or not in_prose):
        command.make_context(name, rest, parent=parent)


SHOWN = [
    pytest.param(words, in_prose, id=f"{page.relative_to(ROOT)}: {line}")
    for page in PAGES
    for line, words, in_prose in commands(page)
]


@pytest.mark.parametrize(("words", "in_prose"), SHOWN)
def test_a_command_in_the_documentation_parses(words: list[str], in_prose: bool) -> None:
    if words[0] == "make":
        assert set(words[1:]) <= TARGETS
        return
    try:
        parse(words, in_prose=in_prose)
    except click.exceptions.Exit as e:  # --help
        assert e.exit_code == 0
    except click.UsageError as e:
        pytest.fail(f"{' '.join(words)}: {e.format_message()}", pytrace=False)


def test_the_documentation_contains_commands() -> None:
    assert len(SHOWN) > 50


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_in_backticks_exist(page: Path) -> None:
    spans = INLINE.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    paths = {span for span in spans if span.split("/")[0] in TOP and " " not in span and not PLACEHOLDER.search(span)}
    assert [path for path in sorted(paths) if not any(ROOT.glob(path.rstrip("/")))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_have_a_target(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", FENCE.sub("", page.read_text(encoding="utf-8")))
    assert [to for to in targets if "://" not in to and not (page.parent / to).exists()] == []
