"""docs/cli.md, made from the help texts of the commands; make catalog writes it anew."""

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

Made from what each command says with `--help`, by `make catalog`; edit the command, not this page.
Exit codes: 0 it is done, 1 something was refused or failed, 2 the command line was not understood.
"""


def walk() -> Iterator[click.Context]:
    """A context for every program, group and command, parents first."""
    for name, program in PROGRAMS.items():
        yield from _walk(name, program, None)


def _walk(name: str, command: click.Command, parent: click.Context | None) -> Iterator[click.Context]:
    settings: dict[str, Any] = {**command.context_settings, "terminal_width": _WIDTH, "max_content_width": _WIDTH}
    context = click.Context(command, parent=parent, info_name=name, **settings)
    yield context
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            yield from _walk(child, command.commands[child], context)


def render() -> str:
    """The whole page."""
    sections = (f"## {context.command_path}\n\n```text\n{context.get_help()}\n```\n" for context in walk())
    return "\n".join((_HEAD, *sections))


def write() -> None:
    REFERENCE.write_text(render(), encoding="utf-8")
