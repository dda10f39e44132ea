"""Count the phrases that make prose hard to read, in every place where a person reads prose.

Run it as `python -m tests.docs.language [PATH...]`. Without paths, it reads every file of the repository. It prints
each hit as `file:line: hit`, then a table of families with their limits per 1,000 words. The exit code is 1 when a
family is above its limit. Prose is: comments, docstrings, help texts, messages, the names and descriptions of tests,
comments on database objects, descriptions of columns, Markdown and the text of HTML templates.
"""

from __future__ import annotations

import ast
import bisect
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Family:
    """Phrases of one kind, and how many of them 1,000 words of prose may contain."""

    name: str
    limit: float
    pattern: re.Pattern[str]
    allowed_in_questions: bool = False


@dataclass(frozen=True)
class Prose:
    """A piece of text that a person reads, with the line on which it begins."""

    line: int
    text: str


@dataclass(frozen=True)
class Hit:
    family: Family
    line: int
    text: str


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b".replace(" ", r"\s+"), re.IGNORECASE)


FAMILIES = (
    Family("somebody", 0.2, _words("(?:some|no|every|any)body")),
    Family("whoever", 0.2, _words("(?:who|whom|what|where)ever")),
    Family(
        "what-clause",
        0.5,
        _words(
            "what (?:is|are|was|were|has|have|had|it|its|they|the|a|an|this|that|he|she|we|you|one|no|there|can|could"
            "|may|must|will|would|should|does|do|did)"
        ),
        allowed_in_questions=True,
    ),
    Family("says/tells/asks", 0.7, _words("say|says|said|saying|tell|tells|told|telling|ask|asks|asked|asking")),
    Family("is no/none", 1.0, _words("(?:is|are|was|were) (?:no(?! longer)|none)")),
    Family("anew/for ever", 0.1, _words("anew|for ever|meanwhile|(?:take|takes|taken|took|taking) back")),
)

# The glossary shows words to avoid. The other files are written by `make catalog` and `make docs`; their sources count.
SKIPPED = ("docs/glossary.md", "docs/cli.md", "docs/functions.md", "sql/catalog.txt")

# --- Python ---------------------------------------------------------------------------------------------------------

MESSAGE_CALLS = {"echo", "secho", "report", "print", "fail", "skip", "xfail", "warn", "style", "option", "argument"}
_CODE_COMMENT = re.compile(r"(?:noqa|type:|fmt:|pragma|mypy:|ruff:)")


def from_python(source: str, path: str) -> Iterator[Prose]:
    yield from _merged(_python_comments(source))
    tree = ast.parse(source)
    counted: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if node.body and isinstance(first := node.body[0], ast.Expr) and _is_text(first.value):
                counted.add(id(first.value))
                yield Prose(first.lineno, _text(first.value))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield Prose(node.lineno, node.name.removeprefix("test_").replace("_", " "))
    any_text = not path.startswith("tests/")  # in tests, most strings are data
    for node in tree.body if any_text else _messages(tree):
        yield from _texts(node, counted, message=not any_text)


def _python_comments(source: str) -> Iterator[tuple[int, str, bool]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            text = token.string.lstrip("#!").strip()
            if not _CODE_COMMENT.match(text):
                yield token.start[0], text, not token.line[: token.start[1]].strip()


def _messages(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the expressions in which a string is a message or a help text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            yield node.exc
        elif isinstance(node, ast.Assert) and node.msg is not None:
            yield node.msg
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in MESSAGE_CALLS:
                yield node


def _texts(node: ast.AST, counted: set[int], *, message: bool) -> Iterator[Prose]:
    if id(node) in counted:
        return
    counted.add(id(node))
    if _is_text(node):
        text = _text(node)
        if looks_like_prose(text) or (message and " " in text):
            yield Prose(node.lineno, text)  # type: ignore[attr-defined]
        return
    for child in ast.iter_child_nodes(node):
        yield from _texts(child, counted, message=message)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.JoinedStr)
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)


_SQL = re.compile(
    r"\s*(?:select|insert|update|delete|merge|create|alter|drop|grant|revoke|truncate|set|reset|with|copy|call|do|lock"
    r"|values|explain|analyze|vacuum|comment on|begin|commit|where|and|or|order by|group by|join|left join|from|on"
    r"|listen|notify|declare|fetch|--|/\*)\b"
)


def looks_like_prose(text: str) -> bool:
    """Return whether a string is a sentence for people, not SQL, HTML, a path or a list of names."""
    if text.lstrip().startswith(("<", "{", "[")) or re.search(r";\s*\n|%\(\w+\)s|= %s|:=|\$\d|%I", text):
        return False
    if _SQL.match(text) and re.search(r"[=();*]|_\w+|\bfrom\b|\binto\b", text):
        return False
    return len(re.findall(r"(?<!\S)[A-Za-z][a-z'’-]*[,.:;?!]?(?!\S)", text)) >= 4


# --- SQL ------------------------------------------------------------------------------------------------------------

ASSERTIONS = re.compile(
    r"(?:ok|pass|fail|is|isnt|is_empty|isnt_empty|matches|doesnt_match|i?alike|unalike|cmp_ok|diag|skip|todo|isa_ok"
    r"|(?:lives|throws|performs|dies)_\w+|(?:results|set|bag|row)_(?:eq|ne|has|hasnt)|(?:has|hasnt|col|fk|index)_\w+)"
)
_LEX = re.compile(
    r"""
    (?P<jinja>\{\#.*?\#\}|\{%.*?%\})
    |--(?P<comment>[^\n]*)
    |/\*(?P<block>.*?)\*/
    |(?P<dollar>\$(?P<tag>[A-Za-z_]*)\$(?P<body>.*?)\$(?P=tag)\$)
    |[eE]?'(?P<string>(?:[^']|'')*)'
    |"(?:[^"]|"")*"
    |(?P<word>[A-Za-z_][\w.$]*)
    |(?P<mark>[^\s\w])
    """,
    re.VERBOSE | re.DOTALL,
)
_DIRECTIVE = re.compile(r"\s*(?:noqa|revert:|needs:|name:|squawk-ignore|sqlfluff|depends_on:)")


def from_sql(source: str, path: str) -> Iterator[Prose]:
    yield from _merged(_sql_comments(source, 1))
    yield from _sql_texts(source, 1, tests=path.endswith(".test.sql") or path.startswith("tests/"))


def _sql_comments(source: str, first: int) -> Iterator[tuple[int, str, bool]]:
    line_of = _line_finder(source, first)
    for token in _LEX.finditer(source):
        line = line_of(token.start())
        if token["comment"] is not None:
            if not _DIRECTIVE.match(token["comment"]):
                before = source[source.rfind("\n", 0, token.start()) + 1 : token.start()]
                yield line, token["comment"].strip(), not before.strip()
        elif token["block"] is not None:
            yield line, token["block"], False
        elif token["jinja"] and token["jinja"].startswith("{#"):
            yield line, token["jinja"][2:-2].strip("- "), False
        elif token["dollar"]:
            yield from _sql_comments(token["body"], line_of(token.start("body")))


def _sql_texts(source: str, first: int, *, tests: bool) -> Iterator[Prose]:
    """Yield the strings that are messages, comments on objects and, in tests, descriptions."""
    line_of = _line_finder(source, first)
    calls: list[str] = []  # the names in front of the open parentheses
    words: list[str] = []  # of the statement
    string: re.Match[str] | None = None  # the string just read
    for token in _LEX.finditer(source):
        if token["word"]:
            words.append(token["word"].lower())
        elif token["dollar"]:
            yield from _sql_texts(token["body"], line_of(token.start("body")), tests=tests)
        elif token["string"] is not None:
            text = token["string"].replace("''", "'")
            commented = words[:2] == ["comment", "on"] and words[-1:] == ["is"]
            raised = words[-2:-1] == ["raise"] or (words[-1:] and words[-1] in {"detail", "hint", "message"})
            if commented or raised or (not tests and looks_like_prose(text)):
                yield Prose(line_of(token.start()), text)
            elif tests:
                string = token
                continue
        elif token["mark"] == "(":
            calls.append(words[-1] if words else "")
        elif token["mark"] == ")":
            call = calls.pop() if calls else ""
            if string and ASSERTIONS.fullmatch(call):
                yield Prose(line_of(string.start()), string["string"].replace("''", "'"))
        elif token["mark"] == ";":
            calls, words = [], []
        if token["comment"] is None:
            string = None


# --- The rest -------------------------------------------------------------------------------------------------------


def from_markdown(source: str, path: str) -> Iterator[Prose]:
    for pattern in (
        r"^ *(```+|~~~+).*?^ *\1",  # code blocks
        r"<!-- matrix -->.*",  # made from the database, to the end of policies/README.md
        r"<!--.*?-->|\{%.*?%\}|\{\{.*?\}\}",
        r"(?<!`)`[^`]+`|``.*?``",  # code in a sentence
        r"(?<=\])\([^)\s]*\)|https?://\S+",  # targets of links
    ):
        source = re.sub(pattern, _blank, source, flags=re.MULTILINE | re.DOTALL)
    for paragraph in re.finditer(r"(?:^.*\S.*$\n?)+", source, re.MULTILINE):
        yield Prose(source.count("\n", 0, paragraph.start()) + 1, paragraph[0])


def from_html(source: str, path: str) -> Iterator[Prose]:
    pattern = r"<(script|style)\b.*?</\1>|<!--.*?-->|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>"
    yield from from_markdown(re.sub(pattern, _blank, source, flags=re.DOTALL), path)


def from_yaml(source: str, path: str) -> Iterator[Prose]:
    yield from from_hash_comments(source, path)
    for document in yaml.compose_all(source, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        yield from _descriptions(document)


def _descriptions(node: yaml.Node | None) -> Iterator[Prose]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "description" and isinstance(value, yaml.ScalarNode):
                yield Prose(value.start_mark.line + 1, value.value)
            else:
                yield from _descriptions(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _descriptions(item)


def from_hash_comments(source: str, path: str) -> Iterator[Prose]:
    yield from _merged(
        (number, comment[2].strip(), not comment[1].strip())
        for number, line in enumerate(source.splitlines(), 1)
        if "# shellcheck" not in line
        if (comment := re.match(r"((?:[^\"'#]|\"[^\"]*\"|'[^']*'|(?<=\S)#)*?)(?<!\S)#+(?!!)(.*)", line))
    )


def from_shell(source: str, path: str) -> Iterator[Prose]:
    yield from from_hash_comments(source, path)
    for message in re.finditer(r"\becho +(?:>&2 +)?([\"'])(.*?)\1", source, re.DOTALL):
        yield Prose(source.count("\n", 0, message.start()) + 1, message[2])


def from_script(source: str, path: str) -> Iterator[Prose]:
    for comment in re.finditer(r"/\*(.*?)\*/|(?<!:)//([^\n]*)", source, re.DOTALL):
        yield Prose(source.count("\n", 0, comment.start()) + 1, comment[1] or comment[2] or "")


READERS: dict[str, Callable[[str, str], Iterable[Prose]]] = {
    ".py": from_python,
    ".sql": from_sql,
    ".md": from_markdown,
    ".html": from_html,
    ".yml": from_yaml,
    ".yaml": from_yaml,
    ".toml": from_hash_comments,
    ".sqlfluff": from_hash_comments,
    ".gitignore": from_hash_comments,
    ".txt": from_hash_comments,
    ".sh": from_shell,
    "Makefile": from_shell,
    ".js": from_script,
    ".css": from_script,
}


def reader_of(path: Path) -> Callable[[str, str], Iterable[Prose]] | None:
    if path.parent.name == ".ci":
        return from_shell
    return READERS.get(path.suffix) or READERS.get(path.name)


def _merged(comments: Iterable[tuple[int, str, bool]]) -> Iterator[Prose]:
    """Join comments that fill consecutive lines, so that a phrase across two lines is found."""
    start, lines = 0, list[str]()
    for line, text, alone in comments:
        if lines and alone and line == start + len(lines):
            lines.append(text)
            continue
        if lines:
            yield Prose(start, "\n".join(lines))
        start, lines = line, text.split("\n")
        if not alone:
            yield Prose(start, text)
            lines = []
    if lines:
        yield Prose(start, "\n".join(lines))


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]+", " · ", match[0])


def _line_finder(source: str, first: int) -> Callable[[int], int]:
    ends = [match.start() for match in re.finditer("\n", source)]
    return lambda offset: first + bisect.bisect_left(ends, offset)


# --- Counting -------------------------------------------------------------------------------------------------------


def prose_of(path: Path) -> list[Prose]:
    reader = reader_of(path)
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.as_posix()
    if reader is None or name in SKIPPED:
        return []
    return list(reader(path.read_text(encoding="utf-8"), name))


def count_words(prose: Prose) -> int:
    return len(re.findall(r"[A-Za-z][A-Za-z'’-]*", prose.text))


def hits_of(prose: Prose) -> Iterator[Hit]:
    for family in FAMILIES:
        for match in family.pattern.finditer(prose.text):
            if family.allowed_in_questions:
                end = re.search(r"[.?!](?:\s|$)", prose.text[match.end() :])
                if end and end[0].startswith("?"):
                    continue
            line = prose.line + prose.text.count("\n", 0, match.start())
            yield Hit(family, line, " ".join(match[0].split()))


def files(paths: list[str]) -> list[Path]:
    command = ["git", "ls-files", "-coz", "--exclude-standard", "--", *paths]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return sorted(path for name in listed if name and (path := ROOT / name).is_file())


def main(paths: list[str]) -> int:
    words, hits = 0, dict.fromkeys(FAMILIES, 0)
    for path in files([str(Path(path).resolve()) for path in paths]):
        for prose in prose_of(path):
            words += count_words(prose)
            for hit in hits_of(prose):
                hits[hit.family] += 1
                print(f"{path.relative_to(ROOT)}:{hit.line}: {hit.text}")  # noqa: T201
    per_thousand = {family: 1000 * count / max(words, 1) for family, count in hits.items()}
    print(f"\n{words:,} words\n{'family':<16} {'hits':>5} {'per 1,000':>10} {'limit':>6}")  # noqa: T201
    for family, rate in per_thousand.items():
        verdict = "  above the limit" if rate > family.limit else ""
        print(f"{family.name:<16} {hits[family]:>5} {rate:>10.2f} {family.limit:>6.1f}{verdict}")  # noqa: T201
    return int(any(rate > family.limit for family, rate in per_thousand.items()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
