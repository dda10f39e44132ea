"""The command line `stanchion`: which commands there are, and how errors reach people."""

import os
import signal
import sys
from typing import Any

import click
import psycopg

from stanchion.cli import (
    bench,
    build,
    checks,
    demo,
    loading,
    logins,
    modules,
    partitions,
    replay,
    report,
    restored,
    sample,
    schedule,
    server,
    stats,
    tenants,
    watch,
    worker,
)
from stanchion.cli.options import Options
from stanchion.errors import StanchionError


class Sentences(click.Group):
    """A group whose commands end in a sentence and an exit code, never in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except StanchionError as e:
            raise click.ClickException(str(e)) from e
        except psycopg.Error as e:
            raise click.ClickException(explain(e)) from e
        except BrokenPipeError:
            # who read what is printed has seen enough: head, less
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(128 + signal.SIGPIPE) from None
        except OSError as e:
            raise click.ClickException(f"{e.filename or 'The system'}: {e.strerror or e}.") from e


def explain(error: psycopg.Error) -> str:
    """What the server said, with what to do where that is known."""
    said = (error.diag.message_primary or str(error).strip().partition("\n")[0] or type(error).__name__).rstrip(".")
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return f"The server refused: {said}. Connect as a member of stanchion_owner, or as who deployed."
    if isinstance(error, psycopg.errors.DiskFull):
        return f"The server's disk is full: {said}. Free some space and try again; nothing was half done."
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return f"Somebody holds what is needed for too long: {said}. See who in pg_stat_activity, and try again."
    if isinstance(error, psycopg.OperationalError):
        return f"The connection was lost: {said}. What was not committed was not done; try again."
    if isinstance(error, psycopg.errors.UniqueViolation):
        return f"There is one already: {error.diag.message_detail or said}"
    detail = f" {error.diag.message_detail}" if error.diag.message_detail else ""
    return f"The server refused: {said}.{detail}"


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--dsn", metavar="DSN", help="The server, as a libpq URL or string; else DATABASE_URL, PG*, the embedded one."
)
@click.version_option(package_name="stanchion")
@click.pass_context
def main(ctx: click.Context, dsn: str | None) -> None:
    """A multi-tenant stats platform in one Postgres: deploy it, add tenants, prove that they are kept apart.

    \b
    Example:
        stanchion demo
        stanchion --dsn postgresql://me@db.example/stats deploy
    """
    ctx.obj = Options(dsn)


for command in (
    demo.demo,
    server.up,
    server.down,
    server.dsn,
    server.psql,
    modules.deploy,
    modules.revert,
    modules.status,
    modules.verify,
    modules.catalog,
    modules.new,
    tenants.tenant,
    logins.analyst,
    logins.login,
    partitions.partitions,
    loading.load,
    schedule.schedule,
    sample.sample,
    watch.watch,
    loading.loads,
    loading.rejects,
    loading.revisions,
    loading.publish,
    loading.unload,
    loading.quality,
    build.build,
    report.report,
    stats.stats,
    worker.worker,
    replay.replay_command,
    tenants.key,
    checks.audit,
    checks.doctor,
    restored.restored,
    bench.bench,
):
    main.add_command(command)
