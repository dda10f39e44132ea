"""The command line `stanchion`: its commands, and the messages of their errors.

Nothing here imports psycopg or a command, so that --version and --help start fast.
"""

import os
import signal
import sys
from typing import Any

import click

from stanchion import __version__
from stanchion.cli import DSN_HELP
from stanchion.cli.lazy import Entry, LazyGroup
from stanchion.cli.output import printable, wants_plain_text
from stanchion.errors import StanchionError
from stanchion.progress import switch


def _entry(place: str, summary: str) -> Entry:
    module, _, attribute = place.partition(":")
    return Entry(f"stanchion.cli.{module}", attribute, summary)


# A test compares each summary with the first sentence of the command's help.
SECTIONS = {
    "Server": {
        "up": _entry("server:up", "Start the embedded server and keep it running."),
        "down": _entry("server:down", "Stop the embedded server and keep its data."),
        "dsn": _entry("server:dsn", "Print the connection URL of the server, with its password."),
        "profiles": _entry("profiles:profiles", "List the profiles of the configuration file."),
        "psql": _entry("server:psql", "Open psql on the server, with ARGS as its arguments."),
        "tool": _entry("tool:tool", "Run a program of Postgres, such as pg_dump, on the server."),
    },
    "Database": {
        "deploy": _entry("database:deploy", "Deploy the SQL modules that are new or changed."),
        "revert": _entry("database:revert", "Revert deployed modules, in reverse order."),
        "status": _entry("database:status", "List the modules, with the state of each one."),
        "verify": _entry("database:verify", "Compare the database with the catalog of the last deploy."),
        "catalog": _entry("database:catalog", "Print the definition of every database object, sorted."),
    },
    "Tenants and logins": {
        "tenant": _entry("tenants:tenant", "Add, configure, export, import and remove tenants."),
        "key": _entry("tenants:key", "Create, list and revoke API keys."),
        "analyst": _entry("logins:analyst", "Add, list and revoke logins that read the marts of tenants."),
        "login": _entry("logins:login", "Add, list and drop logins of programs and DBAs."),
    },
    "Games": {
        "load": _entry("load:load", "Load games from files, folders, patterns, archives and URLs."),
        "watch": _entry("load:watch", "Load the files that appear or change in a folder."),
        "formats": _entry("formats:formats", "List formats, and read other CSV and JSON files with mappings."),
        "games": _entry("games:games", "Inspect loads, publish or withdraw games, load schedules."),
    },
    "Marts": {
        "build": _entry("marts:build", "Update the marts from new loads, and test them."),
        "report": _entry("marts:report", "Write the season of a league as HTML pages."),
        "export": _entry("export:export", "Write marts of a tenant as CSV, JSON, Excel, Parquet or Arrow."),
    },
    "Applications": {
        "serve": _entry("serve:serve", "Serve the marts and functions of tenants over HTTP."),
    },
    "Jobs": {
        "worker": _entry("jobs:worker", "Run the jobs that applications enqueued."),
        "jobs": _entry("jobs:jobs", "List, show, retry, cancel and schedule jobs."),
    },
    "Operate": {
        "doctor": _entry("checks:doctor", "Check the database, and print a remedy for each problem."),
        "metrics": _entry("metrics:metrics", "Print metrics of the database for Prometheus."),
        "audit": _entry("checks:audit", "Try to reach other tenants' data, as every role."),
        "partitions": _entry("partitions:partitions", "Create, expire, keep and show partitions of tables."),
        "sessions": _entry("sessions:sessions", "List sessions, and end those over their limits."),
        "stats": _entry("stats:stats", "Refresh the statistics of tenants and show their age."),
        "replay": _entry("checks:replay", "Rebuild competitions from their events, and compare."),
        "dump": _entry("backup:dump", "Write a dump of the database, with its roles and checks."),
        "restore": _entry("backup:restore", "Restore a dump into an empty or a new database, and check it."),
        "after-restore": _entry("checks:after_restore", "Repair a database that was restored from another server."),
    },
    "Cluster": {
        "cluster": _entry("cluster:cluster", "Distribute the database over the nodes of a Citus cluster."),
    },
    "Develop": {
        "demo": _entry("demo:demo", "Deploy, load two sample leagues, and print their standings."),
        "sample": _entry("sample:sample", "Write sample exports of games, with the expected results."),
        "completion": _entry("completion:completion", "Print the script that completes commands in a shell."),
        "new": _entry("database:new", "Write the file of a new module."),
        "bench": _entry("bench:bench", "Measure the most frequent operations and their alternatives."),
    },
}  # fmt: skip


class Program(LazyGroup):
    """The group of all commands. An error of a command ends in one sentence and an exit code, not in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except StanchionError as e:
            raise click.ClickException(printable(str(e))) from e
        except BrokenPipeError:
            # The reader of stdout has ended, for example head or less.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(128 + signal.SIGPIPE) from None
        except OSError as e:
            name = printable(str(e.filename or "The operating system"))
            raise click.ClickException(f"{name}: {e.strerror or e}.") from e
        except Exception as e:
            psycopg = sys.modules.get("psycopg")
            if psycopg is None or not isinstance(e, psycopg.Error):
                raise
            from stanchion.cli.errors import explain

            raise click.ClickException(printable(explain(e))) from e


def _profiles(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from stanchion.cli.completing import profiles

    return profiles(ctx, param, incomplete)


@click.group(
    cls=Program,
    sections=SECTIONS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option("--dsn", metavar="DSN", help=DSN_HELP)
@click.option(
    "--profile",
    metavar="NAME",
    shell_complete=_profiles,
    help="Profile of the configuration file (default: STANCHION_PROFILE).",
)
@click.option("--quiet", is_flag=True, help="Print only results and errors, without progress and remarks.")
@click.version_option(__version__)
@click.pass_context
def main(ctx: click.Context, dsn: str | None, profile: str | None, quiet: bool) -> None:
    """Run a multi-tenant stats platform in one Postgres.

    Deploy the database, add tenants, load their games, build their marts, and prove that no tenant reads another one.

    \b
    Example:
        stanchion demo
        stanchion --dsn postgresql://me@db.example/stats deploy
        stanchion --profile prod --quiet build
    """
    from stanchion.cli.options import Options  # imports psycopg

    if wants_plain_text():
        ctx.color = False
    if profile is None:
        profile = os.environ.get("STANCHION_PROFILE") or None
    switch.is_quiet = quiet
    ctx.obj = Options(dsn, profile=profile)
    if profile is not None:
        from stanchion.cli.profiles import apply_profile

        apply_profile(ctx, profile)
