"""deploy, revert, status, verify, catalog and new: SQL modules, and the database that they define."""

import json
import os
import time
from pathlib import Path

import click

from stanchion.cli import completing
from stanchion.cli.options import confirm, database_option, json_option, open_database, open_server, yes_option
from stanchion.cli.output import count_of, note, print_json, print_table
from stanchion.cluster.deployed import spread
from stanchion.deploy import catalog as catalogs
from stanchion.deploy import runner as deployer
from stanchion.deploy.modules import Deployed, Step, discover, module_states, read_ledger, up_to
from stanchion.deploy.scaffold import scaffold
from stanchion.errors import StanchionError
from stanchion.partitions.ahead import make_due_partitions
from stanchion.paths import ROOT
from stanchion.server.connection import connect, require_deployed, value

wait_option = click.option(
    "--wait", default=600, show_default=True, metavar="SECONDS", help="Longest wait for another deployer to finish."
)

drift_option = click.option(
    "--accept-drift", is_flag=True, help="Accept changes that were made to the database without the deployer."
)


@click.command()
@click.option(
    "--dry-run", is_flag=True, help="Run the modules, then roll all of them back. Their locks last until then."
)
@click.option(
    "--to",
    metavar="MODULE",
    shell_complete=completing.modules,
    help="Deploy the modules up to this one, in their order (default: all modules).",
)
@drift_option
@wait_option
@json_option
@database_option
def deploy(dry_run: bool, to: str | None, accept_drift: bool, wait: int, as_json: bool) -> None:
    """Deploy the SQL modules that are new or changed.

    Modules run in one fixed order, each completely or not at all. When no module is new or changed, nothing is done.
    A module needs only modules before it. So with --to the database has all that the module needs; the others stay
    pending in stanchion status, and stanchion verify compares the database with the deployed ones.

    \b
    Example:
        stanchion deploy --dry-run
        stanchion deploy
        stanchion deploy --to contest/0003_season --dry-run
    """
    modules = discover(ROOT)
    started, steps_run = time.monotonic(), []

    def on_step(step: Step) -> None:
        tried = step.module.in_transaction or step.action == "mend" or not dry_run
        steps_run.append({"action": step.action, "module": step.module.name, "tried": tried})
        if not as_json:
            remark = "" if tried else "  (not tried: it runs outside of a transaction)"
            if step.action == "mend":
                remark = "  (only its revert or its place in the order changed)"
            click.echo(f"{step.action:8} {step.module.name}{remark}")

    with open_server() as server, connect(server) as conn, deployer.deploy_lock(conn, wait, note):
        if accept_drift and not dry_run:
            for line in deployer.accept_drift(conn):
                note(f"accepted: {line}")
        planned = deployer.plan_deploy(conn, modules, accept_drift=accept_drift)
        steps = planned if to is None else up_to(planned, modules, to)
        if dry_run:
            deployer.rehearse(conn, steps, on_step)
        else:
            deployer.deploy(conn, steps, on_step)
            if to is None or value(conn, "select to_regprocedure('core.ensure_due_partitions()') is not null"):
                make_due_partitions(conn)
            spread(server, conn, note)
    if as_json:
        print_json({"dry_run": dry_run, "steps": steps_run, "pending": len(planned) - len(steps)})
    elif not steps_run:
        click.echo(f"Up to date: every module{f' up to {to}' if to else ''} is deployed.")
    elif dry_run:
        click.echo(f"{count_of(len(steps_run), 'module')} would be deployed; nothing was changed.")
    else:
        click.echo(f"{count_of(len(steps_run), 'module')} deployed in {time.monotonic() - started:.1f} s.")
    pending = len(planned) - len(steps)
    if pending and not as_json:
        click.echo(f"Pending after {to}: {count_of(pending, 'module')}.")


@click.command()
@click.option(
    "--to",
    metavar="MODULE",
    shell_complete=completing.modules,
    help="Revert every module after this one ('nothing': every module).",
)
@click.option(
    "--only",
    metavar="MODULE",
    shell_complete=completing.modules,
    help="Revert only this module. Refused while another one depends on it.",
)
@yes_option
@drift_option
@wait_option
@json_option
@database_option
def revert(to: str | None, only: str | None, yes: bool, accept_drift: bool, wait: int, as_json: bool) -> None:
    """Revert deployed modules, in reverse order.

    Each module is reverted by the SQL that was recorded when it was deployed. Tables are dropped with their data,
    after a question.

    \b
    Example:
        stanchion revert --to core/0012_partition_set
        stanchion revert --only policies/core.tenant
    """
    if (to is None) == (only is None):
        raise click.UsageError("Expected either --to MODULE ('nothing' for every module) or --only MODULE.")

    def on_row(row: Deployed) -> None:
        if not as_json:
            click.echo(f"revert   {row.name}")

    with open_database() as conn, deployer.deploy_lock(conn, wait, note):
        rows = deployer.plan_revert(conn, to=to, only=only, accept_drift=accept_drift)
        if rows:
            names = ", ".join(row.name for row in rows[:5]) + (" ..." if len(rows) > 5 else "")
            them = "it" if len(rows) == 1 else "them"
            confirm(f"Revert {count_of(len(rows), 'module')} and delete all data in {them} ({names})?", yes)
        deployer.revert(conn, rows, on_row)
    if as_json:
        print_json({"reverted": [row.name for row in rows]})
    else:
        click.echo(f"{count_of(len(rows), 'module')} reverted.")


@click.command()
@json_option
@database_option
def status(as_json: bool) -> None:
    """List the modules, with the state of each one.

    The states are deployed, pending, changed, half-way (interrupted) and gone (deployed, but its file is missing).

    \b
    Example:
        stanchion status
    """
    with open_database() as conn:
        lines = module_states(discover(ROOT), read_ledger(conn))
    if as_json:
        print_json(lines)
        return
    print_table(lines, "The checkout contains no modules.")
    counts = {
        state: sum(line["state"] == state for line in lines) for state in dict.fromkeys(x["state"] for x in lines)
    }
    click.echo("\n" + ", ".join(f"{count} {state}" for state, count in counts.items()))


@click.command()
@json_option
@database_option
def verify(as_json: bool) -> None:
    """Compare the database with the catalog of the last deploy.

    Prints a line for each difference. The exit code is 1 when there is one.

    \b
    Example:
        stanchion verify
    """
    with open_database() as conn:
        require_deployed(conn)
        if not catalogs.is_comparable(conn):
            raise StanchionError(
                "The catalog of the last deploy was recorded by another version of Stanchion and cannot be compared. "
                "Run: stanchion deploy"
            )
        differences = catalogs.drift(conn)
    if as_json:
        print_json({"findings": [finding.as_dict() for finding in catalogs.findings(differences)]})
    else:
        for line in differences:
            click.echo(line)
        if not differences:
            click.echo("The database equals the catalog of the last deploy.")
    if differences:
        click.get_current_context().exit(1)


@click.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write (default: stdout).")
@json_option
@database_option
def catalog(out: Path | None, as_json: bool) -> None:
    """Print the definition of every database object, sorted.

    Prints one line for each object, the same on every version of Postgres.

    \b
    Example:
        stanchion catalog --out sql/catalog.txt
    """
    with open_database() as conn:
        require_deployed(conn)
        text = catalogs.read_catalog(conn)
    if as_json:
        text = json.dumps(dict(line.split(": ", 1) for line in text.splitlines()), indent=2, ensure_ascii=False) + "\n"
    if out:
        out.write_text(text, encoding="utf-8")
    else:
        click.echo(text, nl=False)


@click.command()
@click.argument("name")
@json_option
def new(name: str, as_json: bool) -> None:
    """Write the file of a new module.

    A versioned module gets the next number of its schema. An existing file is never overwritten.

    \b
    Example:
        stanchion new contest/league/award                 # a table: the next versioned module of schema contest
        stanchion new contest/league/function/grant_award  # a function; contest/league/view/... for a view
        stanchion new policies/contest.award               # the policies of a table; partitions/... for its partitions
    """
    written = scaffold(ROOT, name)
    if as_json:
        print_json({"written": str(written)})
    else:
        click.echo(os.path.relpath(written))
