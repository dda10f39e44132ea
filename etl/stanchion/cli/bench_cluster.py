"""bench cluster: measure calls on a cluster, or simulate one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from stanchion.cli.options import database_option, json_option, open_server
from stanchion.cli.output import count_of, note, print_json, print_table
from stanchion.dev.bench.compare import Result, as_row
from stanchion.dev.bench.simulate import Scenario, Simulation, simulate
from stanchion.dev.bench.sizing import SHARD_TABLES_PER_NODE, Demand, Node, change_calls
from stanchion.report.page import size

_SHOWN_NODES = 20  # lines of the table of nodes


def _numbers(ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]) -> dict[str, float]:
    """Return the numbers of texts such as read=0.8 by their names."""
    found = {}
    for text in texts:
        name, _, number = text.partition("=")
        try:
            found[name] = float(number)
        except ValueError:
            raise click.BadParameter(f"'{text}' is not NAME=NUMBER, such as read=0.8.", ctx, param) from None
    return found


_share = click.FloatRange(0, 1, min_open=True)


@click.command()
@click.option(
    "--simulate", "is_simulated", is_flag=True, help="Simulate a cluster instead of measuring one. Needs no server."
)
@click.option("--seconds", default=2.0, show_default=True, help="Duration of each run, in seconds.")
@click.option("--rounds", default=5, show_default=True, help="Runs of each alternative. Results are medians.")
@click.option("--clients", default=4, show_default=True, type=click.IntRange(1), help="Number of concurrent clients.")
@click.option(
    "--tenants", default=100_000, show_default=True, type=click.IntRange(1, 10_000_000), help="Number of tenants."
)
@click.option(
    "--exponent",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0, 5),
    help="Exponent of the Zipf law: the load of the n-th tenant is proportional to n to the power of -exponent.",
)
@click.option("--seed", default=1, show_default=True, help="Seed of the tenant ids. The same seed yields the same ids.")
@click.option(
    "--nodes", type=click.IntRange(1, 1000), help="Number of nodes with shards (default: as many as are needed)."
)
@click.option(
    "--groups", default=4, show_default=True, type=click.IntRange(1, 64), help="Shard groups per node of a new cluster."
)
@click.option(
    "--isolate", default=20, show_default=True, type=click.IntRange(0), help="Largest number of tenants to isolate."
)
@click.option(
    "--tolerance",
    default=0.05,
    show_default=True,
    type=click.FloatRange(0, 10),
    help="Load of the fullest node above the mean at which rebalancing ends, as a share of the mean.",
)
@click.option(
    "--requests", default=50_000.0, show_default=True, help="Requests per second of all tenants, at the peak."
)
@click.option(
    "--average", default=0.4, show_default=True, type=_share, help="Mean rate of requests, as a share of the peak."
)
@click.option(
    "--share",
    "shares",
    multiple=True,
    metavar="NAME=NUMBER",
    callback=_numbers,
    help="Share of a call of all requests. Can be repeated.",
)
@click.option(
    "--core-ms",
    multiple=True,
    metavar="NAME=NUMBER",
    callback=_numbers,
    help="Core time of a call on plain Postgres, in ms. Can be repeated.",
)
@click.option(
    "--efficiency",
    default=0.4,
    show_default=True,
    type=_share,
    help="Calls per core through the node of a tenant, compared with plain Postgres.",
)
@click.option("--cores", default=16, show_default=True, type=click.IntRange(1), help="Cores of a node.")
@click.option(
    "--busy",
    default=0.5,
    show_default=True,
    type=click.FloatRange(0, 0.95, min_open=True),
    help="Used share of the cores.",
)
@click.option("--disk", default=4_000.0, show_default=True, metavar="GB", help="Disk of a node.")
@click.option("--full", default=0.7, show_default=True, type=_share, help="Used share of the disk.")
@click.option(
    "--events", default=10_000_000_000, show_default=True, type=click.IntRange(0), help="Stored events of games."
)
@click.option("--years", default=3.0, show_default=True, help="Years in which these events were stored.")
@click.option(
    "--partitions",
    "period",
    type=click.Choice(["month", "day"]),
    default="month",
    show_default=True,
    help="Length of the partitions of tables that are kept for 90 days or longer.",
)
@json_option
@database_option
def cluster(is_simulated: bool, seconds: float, rounds: int, clients: int, as_json: bool, **options: Any) -> None:
    """Measure calls on a cluster, or simulate a cluster.

    With --simulate, places tenants on nodes as Citus does, moves shard groups and isolates hot tenants. Prints the load
    of each node before and after, the nodes needed, and their tables, connections and WAL. The load of the tenants
    follows a Zipf law, and the data of a tenant is proportional to its load. The costs of calls are measured in
    docs/benchmarks.md.

    \b
    Example:
        stanchion bench cluster --simulate
        stanchion bench cluster --simulate --requests 5000 --events 100000000 --cores 8
        stanchion bench cluster --simulate --nodes 8 --exponent 1.2 --json
        stanchion bench cluster --simulate --share read=0.9 --share event=0.1 --core-ms event=0.3
    """
    if not is_simulated:
        _measure(seconds, rounds, clients, as_json)
        return
    result = simulate(_scenario(**options))
    if as_json:
        print_json(result.as_dict())
    else:
        _print(result)


def _measure(seconds: float, rounds: int, clients: int, as_json: bool) -> None:
    from stanchion.dev.bench.cluster import measure

    with open_server() as server:
        results: list[Result] = measure(server, seconds=seconds, rounds=rounds, clients=clients, report=note)
    if as_json:
        print_json({"cluster": [asdict(result) for result in results]})
    else:
        print_table([as_row(result) for result in results], "Nothing was measured.")


def _scenario(
    *,
    tenants: int,
    exponent: float,
    seed: int,
    nodes: int | None,
    groups: int,
    isolate: int,
    tolerance: float,
    requests: float,
    average: float,
    shares: dict[str, float],
    core_ms: dict[str, float],
    efficiency: float,
    cores: int,
    busy: float,
    disk: float,
    full: float,
    events: int,
    years: float,
    period: str,
) -> Scenario:
    calls = change_calls(shares, core_ms)
    return Scenario(
        tenants,
        exponent,
        seed,
        nodes,
        groups,
        isolate,
        tolerance,
        period == "month",
        Demand(requests, average, events, years, calls),
        Node(cores, busy, disk, full, efficiency),
    )


def _print(result: Simulation) -> None:
    scenario, demand, node = result.scenario, result.scenario.demand, result.scenario.node
    click.secho("Tenants", bold=True)
    click.echo(
        f"{scenario.tenants:,} tenants, Zipf exponent {scenario.exponent:g}, seed {scenario.seed}. "
        f"The largest tenant has {result.largest:.2%} of the load, the largest hundred {result.largest_hundred:.2%}."
    )
    click.secho("\nCalls", bold=True)
    rows = [
        {"call": call.name, "share": f"{call.share:.0%}", "core_ms": f"{call.core_ms:.2f}", "source": call.source}
        for call in demand.calls
    ]
    print_table(rows, "")
    taken = demand.core_ms / node.efficiency
    click.echo(f"A request takes {taken:.2f} ms of a core ({demand.core_ms:.2f} ms on plain Postgres).")
    click.secho("\nNodes", bold=True)
    click.echo(_needed(result))
    click.secho("\nLoad per node, as a share of all", bold=True)
    before, after = result.before.loads, result.after.loads
    print_table([_node_row(n, before[n], after[n], result) for n in _shown(after)], "")
    if len(after) > _SHOWN_NODES:
        click.echo(f"The other {len(after) - _SHOWN_NODES} nodes have less than these. --json contains all nodes.")
    worst = f"{result.before.worst * result.nodes:.2f} to {result.after.worst * result.nodes:.2f} times the mean"
    click.echo(
        f"Rebalanced with {count_of(result.after.moves, 'move')} of shard groups and "
        f"{count_of(result.after.isolated, 'isolated tenant')}: the fullest node goes from {worst}."
    )
    click.secho("\nEach node", bold=True)
    for line in _sizes(result):
        click.echo(line)


def _needed(result: Simulation) -> str:
    scenario, demand, node = result.scenario, result.scenario.demand, result.scenario.node
    cores = demand.requests * demand.core_ms / node.efficiency / 1000
    requests, data = (f"{share:.1%}" for share in result.shares)
    if result.needed is None:
        needed = "No number of such nodes is enough: the largest tenant exceeds one node."
    elif result.needed == 1:
        needed = "One machine is enough: a cluster is not needed."
    else:
        needed = f"Nodes needed: {result.needed}, without standbys."
    return (
        f"{demand.requests:,.0f} requests/s use {cores:.1f} cores.\n"
        f"{demand.events:,.0f} events use {size(demand.events * scenario.event_bytes)} of disk.\n"
        f"A node with {node.cores} cores, {node.busy:.0%} busy, takes {requests} of the requests.\n"
        f"A node with {node.disk_gb:,.0f} GB, {node.full:.0%} full, takes {data} of the data.\n"
        f"{needed}"
    )


def _shown(loads: list[float]) -> list[int]:
    """Return the fullest nodes, in the order of their numbers."""
    fullest = sorted(range(len(loads)), key=lambda node: -loads[node])[:_SHOWN_NODES]
    return sorted(fullest)


def _node_row(node: int, before: float, after: float, result: Simulation) -> dict[str, str]:
    return {
        "node": str(node + 1),
        "before": f"{before:.2%}",
        "after": f"{after:.2%}",
        "shard groups": str(sum(group.node == node for group in result.after.groups)),
        "requests/s": f"{result.scenario.demand.requests * after:,.0f}",
    }


def _sizes(result: Simulation) -> list[str]:
    scenario, tables = result.scenario, result.tables
    length = "months" if scenario.by_month else "days"
    limit = "over" if result.shard_tables > SHARD_TABLES_PER_NODE else "within"
    nodes = f"{result.nodes} nodes together" if result.nodes > 1 else "1 node"
    return [
        f"commits        {result.writes_per_second:,.0f} a second on the fullest node at the peak, of calls that write",
        f"WAL            {size(result.wal_per_day)} a day on {nodes}, at {scenario.demand.average:.0%} of the peak "
        f"with {scenario.demand.events_per_day:,.0f} events a day",
        f"partitions     {tables.partitions:,} after {scenario.demand.years:g} years, long-lived ones in {length}",
        f"shard tables   {result.shard_tables:,} with {count_of(result.groups_on_fullest, 'shard group')} on one node, "
        f"{limit} the limit of {SHARD_TABLES_PER_NODE:,}",
        f"connections    {result.pool} of the pooler, max_connections = {result.max_connections}",
    ]
