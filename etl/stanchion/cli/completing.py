"""Values that a shell completes: tenants, modules, marts, profiles and programs.

A shell waits for the answer and shows all output. So nothing is printed, and a server gets less than a second.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from threading import Timer
from typing import Any

import click

_SECONDS = 0.7  # the start of the program needs the rest of a second

Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def _completer(values: Callable[[click.Context], Iterable[str]]) -> Complete:
    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        try:
            return sorted(value for value in values(ctx) if value.startswith(incomplete) and value.isprintable())
        except Exception:  # without a server or with a wrong configuration, the shell completes nothing
            return []

    return complete


def _slugs(ctx: click.Context) -> Iterable[str]:
    import psycopg

    # the resolution of a name cannot be interrupted otherwise
    timer = Timer(_SECONDS, os._exit, [0])
    timer.daemon = True
    timer.start()
    try:
        with closing(psycopg.connect(_dsn(ctx), autocommit=True)) as conn:
            return [slug for (slug,) in conn.execute("select slug from core.tenant limit 1000").fetchall()]
    finally:
        timer.cancel()


def _dsn(ctx: click.Context) -> str:
    """Return the server that the command would use. The embedded server is not started."""
    from stanchion.server.embedded import Embedded
    from stanchion.server.locate import configured_by
    from stanchion.server.profiles import find_profile

    given: dict[str, Any] = ctx.find_root().params
    dsn = ctx.params.get("dsn") or given.get("dsn")
    name = given.get("profile") or os.environ.get("STANCHION_PROFILE")
    if not dsn and name:
        profile = find_profile(name)
        if profile.data:
            return Embedded(profile.data).dsn()
        dsn = profile.dsn
    if dsn or configured_by(None):
        return str(dsn or os.environ.get("DATABASE_URL", ""))
    return Embedded().dsn()


def _modules(_: click.Context) -> Iterable[str]:
    from stanchion.deploy.modules import discover
    from stanchion.paths import ROOT

    return [module.name for module in discover(ROOT)]


def _marts(_: click.Context) -> Iterable[str]:
    from stanchion.paths import ROOT

    return [path.stem for path in Path(ROOT, "dbt_project/models/marts").rglob("*.sql")]


def _profiles(_: click.Context) -> Iterable[str]:
    from stanchion.server.profiles import config_file, read_profiles

    return read_profiles(config_file())


def _programs(_: click.Context) -> Iterable[str]:
    from stanchion.server.programs import CLIENTS

    return CLIENTS


tenants = _completer(_slugs)
modules = _completer(_modules)
marts = _completer(_marts)
profiles = _completer(_profiles)
programs = _completer(_programs)
