"""cluster move, isolate and rebalance: which node has the tenants."""

from __future__ import annotations

import click

from stanchion.cli import completing
from stanchion.cli.options import confirm, database_option, json_option, open_database, yes_option
from stanchion.cli.output import count_of, note, print_json, print_result, print_table
from stanchion.cluster.move import STRATEGIES, Moved, plan_rebalance
from stanchion.cluster.move import isolate as isolate_tenant
from stanchion.cluster.move import move as move_tenant
from stanchion.cluster.move import rebalance as rebalance_shards
from stanchion.cluster.nodes import parse_node

block_option = click.option(
    "--block-writes",
    "mode",
    flag_value="block_writes",
    default="auto",
    help="Lock the shard during the whole copy. Without it, the copy follows the writes until the end.",
)


@click.command()
@click.argument("tenant", shell_complete=completing.tenants)
@click.option("--to", "target", required=True, metavar="HOST:PORT", help="Node that gets the shard.")
@block_option
@json_option
@database_option
def move(tenant: str, target: str, mode: str, as_json: bool) -> None:
    """Move the shard of a tenant to another node.

    The other tenants of the shard move too; isolate the tenant first to move it alone. The tenants can be written
    during the copy, and wait at its end. Afterwards sessions of the old node are refused when they write, with a
    message that contains the new node. A command that was killed has moved nothing or everything; repeat it.

    \b
    Example:
        stanchion cluster isolate harbour
        stanchion cluster move harbour --to 10.0.0.6:5432
    """
    with open_database() as conn:
        moved = move_tenant(conn, tenant, parse_node(target), mode, note)
    if moved.target == moved.shard.node:
        sentence = (
            f"{moved.shard} is at {moved.target} already; positions of {count_of(moved.repaired, 'tenant')} repaired."
        )
    else:
        sentence = _sentence(moved)
    print_result(as_json, moved.as_dict(), sentence)


@click.command()
@click.argument("tenant", shell_complete=completing.tenants)
@json_option
@database_option
def isolate(tenant: str, as_json: bool) -> None:
    """Give a tenant a shard of its own.

    The tenant stays at its node, and nothing changes for its sessions. Its shard can then move without other tenants.
    The tenants of the old shard can be read while it is divided, and wait with their writes until that is complete.

    \b
    Example:
        stanchion cluster isolate harbour
    """
    with open_database() as conn:
        shard, is_new = isolate_tenant(conn, tenant, note)
    facts = {"tenant": tenant, "shard": shard.shard_id, "node": str(shard.node), "isolated": is_new}
    state = "has now a shard of its own" if is_new else "has a shard of its own already"
    print_result(as_json, facts, f"{tenant} {state}: {shard.shard_id} at {shard.node}.")


@click.command()
@click.option(
    "--by",
    type=click.Choice(sorted(STRATEGIES)),
    default="size",
    show_default=True,
    help="Share that becomes equal: bytes on disk, or number of shards.",
)
@click.option("--dry-run", is_flag=True, help="Print the moves and make none.")
@block_option
@yes_option
@json_option
@database_option
def rebalance(by: str, dry_run: bool, mode: str, yes: bool, as_json: bool) -> None:
    """Move shards until the nodes have equal shares.

    The shards move one after the other, each as by `stanchion cluster move`. Repeat a command that was killed: it
    continues with the shards that are left.

    \b
    Example:
        stanchion cluster rebalance --dry-run
        stanchion cluster rebalance --yes
    """
    with open_database() as conn:
        planned = plan_rebalance(conn, by)
        rows = [
            {"shard": each.shard_id, "from": str(each.node), "to": str(to), "tenants": len(each.tenants)}
            for each, to in planned
        ]
        if dry_run or not planned:
            if as_json:
                print_json(rows)
            else:
                print_table(rows, "The nodes have equal shares; there is nothing to move.")
            return
        if not as_json:
            print_table(rows, "")
        confirm(f"Move {count_of(len(planned), 'shard')}?", yes)
        done: list[Moved] = []
        for moved in rebalance_shards(conn, by, mode, note):
            done.append(moved)
            if not as_json:
                click.echo(_sentence(moved))
    if as_json:
        print_json([moved.as_dict() for moved in done])


def _sentence(moved: Moved) -> str:
    return (
        f"{moved.shard} is at {moved.target} after {moved.seconds:.1f} s; its tenants were not written for the last "
        f"{moved.blocked:.1f} s of it."
    )
