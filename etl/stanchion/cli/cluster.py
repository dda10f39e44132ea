"""cluster: the database on the nodes of a Citus cluster."""

from __future__ import annotations

import click

from stanchion.cli.lazy import Entry, LazyGroup
from stanchion.cli.options import confirm, database_option, json_option, open_database, open_server, yes_option
from stanchion.cli.output import count_of, note, print_json, print_table, printable
from stanchion.progress import Report
from stanchion.server.connection import connect, require_deployed


def _entry(place: str, summary: str) -> Entry:
    module, _, attribute = place.partition(":")
    return Entry(f"stanchion.cli.{module}", attribute, summary)


# A test compares each summary with the first sentence of the command's help.
SECTIONS = {
    "Build": {
        "plan": _entry("cluster:plan", "Print the class of each table, and everything that run does."),
        "check": _entry("cluster_check:check", "Find what a cluster refuses or runs differently."),
        "run": _entry("cluster:run", "Distribute the database over the nodes of a cluster."),
        "undo": _entry("cluster:undo", "Bring every row back to the coordinator, and leave the cluster."),
    },
    "Operate": {
        "status": _entry("cluster:status", "Show the tenants and shards of each node, and its problems."),
        "add-node": _entry("cluster:add_node", "Add a node without shards to the cluster."),
        "replace-node": _entry("cluster:replace_node", "Let a promoted standby take the place of a node."),
        "move": _entry("cluster_move:move", "Move the shard of a tenant to another node."),
        "isolate": _entry("cluster_move:isolate", "Give a tenant a shard of its own."),
        "rebalance": _entry("cluster_move:rebalance", "Move shards until the nodes have equal shares."),
        "route": _entry("cluster_route:route", "Print the node of each tenant, or PgBouncer's entries."),
        "mirror": _entry("cluster_mirror:mirror", "Copy the sources of the marts to where dbt builds."),
    },
}  # fmt: skip


@click.group(cls=LazyGroup, sections=SECTIONS)
def cluster() -> None:
    """Distribute the database over the nodes of a Citus cluster.

    Every node needs the same version of Postgres with the extension Citus in shared_preload_libraries. The server of
    --dsn is the coordinator.

    \b
    Example:
        stanchion cluster plan --shards 8
        stanchion cluster run --workers 10.0.0.5:5432,10.0.0.6:5432 --shards 8
    """


shards_option = click.option(
    "--shards",
    type=click.IntRange(1, 1024),
    default=8,
    show_default=True,
    help="Number of shards of each table; 2 to 4 for each node.",
)


def _reporter(as_json: bool) -> Report:
    """Return the function that prints progress: on stdout, or nowhere when stdout is JSON."""

    def report(line: str) -> None:
        if not as_json:
            click.echo(printable(line))

    return report


@click.command()
@shards_option
@click.option("--nodes", type=click.IntRange(1), default=2, show_default=True, help="Number of nodes with shards.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    help="Number of shard tables on a node above which a warning is printed (default: that of ops.threshold).",
)
@json_option
@database_option
def plan(shards: int, nodes: int, limit: int | None, as_json: bool) -> None:
    """Print the class of each table, and everything that run does.

    No cluster is needed and nothing is changed. The exit code is 1 when something is refused.

    \b
    Example:
        stanchion cluster plan --shards 8
        stanchion cluster plan --shards 32 --json
    """
    from stanchion.cluster.plan import make_plan, shard_table_limit

    with open_database() as conn:
        require_deployed(conn)
        made = make_plan(conn, shards)
        warnings = made.warnings(nodes, limit or shard_table_limit(conn))
    if as_json:
        print_json(made.as_dict() | {"shard_tables_on_each_node": made.on_each(nodes), "warnings": warnings})
    else:
        for heading, rows in made.sections():
            click.secho(heading, bold=True)
            print_table(rows, "none")
            click.echo("")
        click.echo(f"{made.summary()} {made.on_each(nodes)} on each of {nodes} nodes.")
        for warning in warnings:
            note(f"warning: {warning}")
        for name, problem in made.faults:
            click.secho(printable(f"refused: {name} {problem}"), fg="red")
    if made.faults:
        click.get_current_context().exit(1)


@click.command()
@click.option("--workers", required=True, metavar="HOST:PORT,...", help="Addresses of the nodes that get the shards.")
@click.option(
    "--coordinator",
    metavar="HOST:PORT",
    help="Address at which the nodes reach this server (default: host and port of the connection).",
)
@shards_option
@click.option(
    "--entry",
    type=click.Choice(["node", "coordinator"]),
    default="node",
    show_default=True,
    help="Where the sessions of a tenant connect: at the node of its shards, or at the coordinator.",
)
@json_option
@database_option
def run(workers: str, coordinator: str | None, shards: int, entry: str, as_json: bool) -> None:
    """Distribute the database over the nodes of a cluster.

    Stop the applications, loaders and workers first. Each step is one transaction, and the digest of each table is
    compared before and after. An interrupted run is continued by the same command, and a second run changes nothing.

    \b
    Example:
        stanchion cluster run --workers 10.0.0.5:5432,10.0.0.6:5432 --shards 8
        stanchion cluster run --workers 10.0.0.5:5432 --coordinator 10.0.0.4:5432 --shards 4 --entry coordinator
    """
    from stanchion.cluster.nodes import Node, parse_node
    from stanchion.cluster.run import Target
    from stanchion.cluster.run import run as run_steps

    nodes = tuple(parse_node(each) for each in workers.split(","))
    with open_server() as server, connect(server) as conn:
        here = parse_node(coordinator) if coordinator else Node(conn.info.host, conn.info.port)
        changed = run_steps(server, conn, Target(nodes, here, shards, entry), _reporter(as_json))
    _print_changed(changed, as_json, "the database is distributed")


@click.command("add-node")
@click.argument("node")
@json_option
@database_option
def add_node(node: str, as_json: bool) -> None:
    """Add a node without shards to the cluster.

    NODE is host:port. The node gets its roles and settings first, then the reference tables. Prints the shards that
    rebalance would move to it.

    \b
    Example:
        stanchion cluster add-node 10.0.0.7:5432
    """
    from stanchion.cluster.move import plan_rebalance
    from stanchion.cluster.nodes import parse_node
    from stanchion.cluster.run import add_node as add

    with open_server() as server, connect(server) as conn:
        changed = add(server, conn, parse_node(node), _reporter(as_json))
        moves = [
            {
                "shard": shard.shard_id,
                "from_node": str(shard.node),
                "to_node": str(target),
                "tenants": len(shard.tenants),
            }
            for shard, target in plan_rebalance(conn, "shards")
        ]
    if as_json:
        print_json({"steps": changed, "rebalance_would_move": moves})
        return
    _print_changed(changed, as_json, f"{node} is a node of the cluster")
    if moves:
        print_table(moves, "")
        click.echo(f"To move {count_of(len(moves), 'shard')}, run: stanchion cluster rebalance --by shards")


@click.command("replace-node")
@click.argument("old")
@click.argument("new")
@json_option
@database_option
def replace_node(old: str, new: str, as_json: bool) -> None:
    """Let a promoted standby take the place of a node.

    OLD and NEW are host:port. NEW has the files of OLD: it is a standby that was promoted, or the same server at
    another address. OLD need not answer. When the coordinator is replaced, connect to NEW. An interrupted command is
    repeated.

    \b
    Example:
        stanchion cluster replace-node 10.0.0.6:5432 10.0.0.16:5432
    """
    from stanchion.cluster.nodes import parse_node
    from stanchion.cluster.replace import replace_node as replace

    with open_server() as server, connect(server) as conn:
        changed = replace(server, conn, parse_node(old), parse_node(new), _reporter(as_json))
    _print_changed(changed, as_json, f"{new} is a node of the cluster")


@click.command()
@yes_option
@json_option
@database_option
def undo(yes: bool, as_json: bool) -> None:
    """Bring every row back to the coordinator, and leave the cluster.

    Stop the applications, loaders and workers first. Until the digest of every table is equal, the nodes keep all
    rows. Then the database on each node is dropped. An interrupted undo is continued by the same command.

    \b
    Example:
        stanchion cluster undo
    """
    from stanchion.cluster.undo import undo as undo_steps

    with open_server() as server, connect(server) as conn:
        confirm("Copy every row to this server and drop the database on each other node?", yes)
        changed = undo_steps(server, conn, _reporter(as_json))
    _print_changed(changed, as_json, "the database is not distributed")


def _print_changed(changed: int, as_json: bool, state: str) -> None:
    if as_json:
        print_json({"steps": changed})
    else:
        click.echo(f"{count_of(changed, 'step')} done." if changed else f"Nothing to do: {state}.")


@click.command()
@json_option
@database_option
def status(as_json: bool) -> None:
    """Show the tenants and shards of each node, and its problems.

    Compares the roles, settings, objects and rights of each node with those of the coordinator, and the mirror of the
    marts with its sources. The exit code is 1 when something is wrong.

    \b
    Example:
        stanchion cluster status
        stanchion cluster status --json
    """
    from stanchion.cluster.status import read_status

    with open_server() as server, connect(server) as conn:
        found = read_status(server, conn)
    if as_json:
        print_json(found.as_dict())
    else:
        click.echo(found.summary())
        for heading, rows in found.sections():
            click.secho(f"\n{heading}", bold=True)
            print_table(rows, "none")
        for problem in found.problems:
            click.secho(printable(f"problem: {problem}"), fg="red")
    if found.problems:
        click.get_current_context().exit(1)
