"""Output of the commands: JSON for programs, sentences and tables for people.

Modules that --help does not need are imported where they are used.
"""

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from stanchion.progress import switch

if TYPE_CHECKING:
    from stanchion.audit.findings import Finding


def wants_plain_text() -> bool:
    """Return whether the environment excludes colours and other terminal sequences (NO_COLOR, TERM=dumb)."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def shows_progress() -> bool:
    """Return whether stderr is a terminal that can draw progress, and --quiet is missing."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not switch.is_quiet


_note_to: Callable[[str], None] | None = None


def send_notes(receiver: Callable[[str], None] | None) -> None:
    """Give every remark to a function instead of printing it; None prints remarks again."""
    global _note_to
    _note_to = receiver


def note(text: str) -> None:
    """Print a remark on stderr, so that it is not part of the result. With --quiet, print nothing."""
    if switch.is_quiet:
        return
    if _note_to is not None:
        _note_to(text)
        return
    click.secho(printable(text), dim=True, err=True)


def print_json(value: Any) -> None:
    click.echo(json_text(value, indent=2))


def json_text(value: Any, indent: int | None = None) -> str:
    """Return JSON in which a terminal finds nothing to interpret."""
    import json

    text = json.dumps(value, indent=indent, default=str, ensure_ascii=False)
    # outside the strings, JSON has no other unprintable characters than line breaks
    return re.sub(r"[^\n -~]", lambda found: found[0] if found[0].isprintable() else _json_escape(found[0]), text)


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def print_result(as_json: bool, facts: dict[str, Any], sentence: str) -> None:
    """Print the result of a command: the facts as JSON, or the sentence."""
    if as_json:
        print_json(facts)
    else:
        click.echo(printable(sentence))


def print_findings(findings: "Iterable[Finding]") -> None:
    """Print each finding, and its remedy below it."""
    for finding in findings:
        click.secho(printable(f"{finding.severity}: {finding}"), fg="red")
        if finding.remedy:
            click.echo(f"  {printable(finding.remedy)}")


def print_rows(as_json: bool, rows: list[dict[str, Any]], empty: str) -> None:
    """Print rows as JSON or as a table."""
    if as_json:
        print_json(rows)
    else:
        print_table(rows, empty)


def count_of(count: int, noun: str) -> str:
    """Return "no modules", "1 module" or "2 modules"."""
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"


def print_table(rows: list[dict[str, Any]], empty: str) -> None:
    """Print rows under their keys, or the sentence `empty` instead of zero rows."""
    if not rows:
        click.echo(empty)
        return
    # only a terminal limits the width; a file or a pipe gets one line for each row
    header, *lines = table_lines(rows, shutil.get_terminal_size().columns if sys.stdout.isatty() else None)
    click.secho(header, bold=True)
    for line in lines:
        click.echo(line)


def table_lines(rows: list[dict[str, Any]], width: int | None) -> Iterator[str]:
    """Yield the header and the lines of a table.

    Columns wrap between words to fit the width. A word is never broken, so that an id can be copied; a table whose
    words do not fit is wider than the width.
    """
    cells = [[name.replace("_", " ") for name in rows[0]], *([_text(value) for value in row.values()] for row in rows)]
    columns = list(zip(*cells, strict=True))
    widths = [max(map(_width, column)) for column in columns]
    # headers wrap only in the body of a table: the header is one line, so it counts as one word
    narrowest = [max(_width(column[0]), *(_longest_word(cell) for cell in column[1:])) for column in columns]
    while width and sum(widths) + 2 * len(widths) - 2 > width and widths != narrowest:
        widest = max(range(len(widths)), key=lambda n: (widths[n] > narrowest[n], widths[n]))
        widths[widest] -= 1
    for row in cells:
        wrapped = [_wrap(cell, column_width) for cell, column_width in zip(row, widths, strict=True)]
        for number in range(max(map(len, wrapped))):
            parts = (part[number] if number < len(part) else "" for part in wrapped)
            yield "  ".join(_pad(part, w) for part, w in zip(parts, widths, strict=True)).rstrip()


def _text(value: Any) -> str:
    if isinstance(value, list):
        return printable(", ".join(map(str, value)))
    return "" if value is None else printable(str(value))


def _wrap(text: str, width: int) -> list[str]:
    """Return the lines of a cell; at least one."""
    if _width(text) <= width and text.isprintable() and text == " ".join(text.split()):
        return [text]
    return [
        part
        for line in text.split("\n")
        for part in textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]
    ]


def _width(text: str) -> int:
    """Return the number of terminal columns of the longest line, where wide characters need two."""
    return max(len(line) if line.isascii() else sum(map(_columns, line)) for line in text.split("\n"))


def _columns(char: str) -> int:
    import unicodedata

    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _longest_word(text: str) -> int:
    return max(map(_width, text.split()), default=0)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def printable(text: str) -> str:
    """Return the text with its line breaks, and other unprintable characters escaped."""
    return "\n".join(map(one_line, text.split("\n")))


def one_line(text: str | None) -> str:
    """Return the text on one line, with unprintable characters escaped so that a terminal does not interpret them."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text or "")
