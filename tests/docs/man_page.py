"""Write docs/stanchion.1, the manual page of the wheel, from the help texts of the commands. `make catalog` runs it.

click-man was compared: it writes a file for each of the commands, and one page can be searched for all of them.
"""

import inspect
import re
from collections.abc import Iterator
from importlib.metadata import version

import click

from .cli_reference import ROOT, walk

PAGE = ROOT / "docs" / "stanchion.1"

_TAIL = """\
.SH ENVIRONMENT
.TP
.B DATABASE_URL
Server, when neither \\-\\-dsn nor a profile is given. Without it, libpq's variables are used, then the embedded server.
.TP
.B STANCHION_PROFILE
Profile of the configuration file, when \\-\\-profile is missing.
.TP
.B STANCHION_CONFIG
Configuration file.
.TP
.B STANCHION_HOME
Home of the embedded server.
.SH FILES
.TP
.I ~/.config/stanchion/config.toml
Profiles: tables [profiles.NAME] with dsn or data, and quiet.
.SH EXIT STATUS
0 for success, 1 when something was refused or failed, 2 for a wrong command line.
.SH SEE ALSO
.BR psql (1),
.BR pg_dump (1)
"""


def render() -> str:
    """Return the whole page."""
    return "\n".join(_lines()) + f"\n{_TAIL}"


def _lines() -> Iterator[str]:
    contexts = [context for context in walk() if context.find_root().info_name == "stanchion"]
    main = contexts[0].command
    released = re.search(r"^## \[\d.*\] - (\S+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert released
    yield f'.TH STANCHION 1 "{released[1]}" "stanchion {version("stanchion")}" "Stanchion"'
    yield f".SH NAME\nstanchion \\- {_escaped(main.get_short_help_str(200).rstrip('.'))}"
    for context in contexts:
        command = context.command
        if command is not main:
            yield f".SS {_escaped(context.command_path)}"
        else:
            yield ".SH SYNOPSIS"
        yield f".B {_escaped(context.command_path)}\n{_escaped(' '.join(command.collect_usage_pieces(context)))}"
        if command is main:
            yield ".SH DESCRIPTION"
        yield from _paragraphs(command.help or "", follows_heading=command is main)
        for parameter in command.get_params(context):
            if record := parameter.get_help_record(context):
                yield f".TP\n.B {_escaped(record[0])}\n{_escaped(record[1])}"
        if command is main:
            yield ".SH COMMANDS"


def _paragraphs(text: str, *, follows_heading: bool) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        if not follows_heading:
            yield ".PP"
        follows_heading = False
        if paragraph.startswith("\b"):
            yield "\n".join([".EX", *map(_escaped, paragraph.splitlines()[1:]), ".EE"])
        else:
            yield _escaped(" ".join(paragraph.split()))


def _escaped(text: str) -> str:
    """Return text without meaning for roff: no escape, no request at the start of a line, and hyphens to copy."""
    text = (
        text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("^", "\\(ha").replace("~", "\\(ti")
    )
    return re.sub(r"^\.", r"\\&.", text)


def write() -> None:
    PAGE.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    click.echo(render(), nl=False)
