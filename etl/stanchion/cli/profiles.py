"""profiles, and the root option --profile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from stanchion.cli.options import Options, json_option
from stanchion.cli.output import print_rows
from stanchion.progress import switch
from stanchion.server.locate import LIBPQ_VARIABLES, NamedDsn, describe
from stanchion.server.profiles import config_file, find_profile, read_profiles


def apply_profile(ctx: click.Context, name: str) -> None:
    """Use the server of a profile for this run. The server of --dsn comes before it."""
    profile = find_profile(name)
    switch.is_quiet = switch.is_quiet or profile.quiet
    options: Options = ctx.obj
    if options.dsn is not None:
        return
    if profile.data is not None:
        ctx.with_resource(_only_embedded(profile.data))
    else:
        options.dsn = NamedDsn(profile.dsn or "", f"profile {name}")


@contextmanager
def _only_embedded(home: Path) -> Iterator[None]:
    """Choose the embedded server of a home in the environment, which child processes inherit."""
    names = ("STANCHION_HOME", "DATABASE_URL", *LIBPQ_VARIABLES)
    before = {name: os.environ.pop(name) for name in names if name in os.environ}
    os.environ["STANCHION_HOME"] = str(home)
    try:
        yield
    finally:
        del os.environ["STANCHION_HOME"]
        os.environ.update(before)


@click.command()
@json_option
@click.pass_context
def profiles(ctx: click.Context, as_json: bool) -> None:
    """List the profiles of the configuration file.

    The file is STANCHION_CONFIG, or stanchion/config.toml in XDG_CONFIG_HOME, which is ~/.config by default. A profile
    is a table [profiles.NAME] with dsn (a server) or data (the home of an embedded server), and quiet = true to print
    only results and errors. Passwords are not listed.

    \b
    Example:
        stanchion profiles
        stanchion --profile prod status
    """
    options: Options = ctx.obj
    chosen = None if options.dsn is not None and not isinstance(options.dsn, NamedDsn) else options.profile
    rows = [
        {
            "profile": each.name,
            "server": f"embedded in {each.data}" if each.data else describe(each.dsn or ""),
            "quiet": each.quiet,
            "in_force": each.name == chosen,
        }
        for each in read_profiles(config_file()).values()
    ]
    print_rows(as_json, rows, f"There are no profiles in {config_file()}.")
