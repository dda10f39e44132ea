"""Write docs/cli.md from the help texts of the commands. `make catalog` runs it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from stanchion.cli.main import main
from stanchion.dev.pgtap.command import main as pgtap_runner

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "cli.md"
PROGRAMS: dict[str, click.Command] = {"stanchion": main, "pgtap-runner": pgtap_runner}

_WIDTH = 100
_HEAD = """\
# Commands

`make catalog` writes this page from the help texts of the commands; change a help text, not this page.

Exit codes: 0 for success, 1 when something was refused or failed, 2 for a wrong command line.
"""


def walk() -> Iterator[click.Context]:
    """Yield a context for every program, group and command, parents first."""
    for name, program in PROGRAMS.items():
        yield from _walk(name, program, None)


def _walk(name: str, command: click.Command, parent: click.Context | None) -> Iterator[click.Context]:
    settings: dict[str, Any] = {**command.context_settings, "terminal_width": _WIDTH, "max_content_width": _WIDTH}
    context = click.Context(command, parent=parent, info_name=name, **settings)
    yield context
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found, child
            yield from _walk(child, found, context)


def render() -> str:
    """Return the whole page."""
    sections = (f"## {context.command_path}\n\n```text\n{context.get_help()}\n```\n" for context in walk())
    return "\n".join((_HEAD, *sections))


def write() -> None:
    REFERENCE.write_text(render(), encoding="utf-8")
