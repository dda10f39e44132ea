"""Kill nodes of a cluster with SIGKILL at random moments while tenants work, load and move, then look for lost, doubled
and half rows, and for the remains of moves.

python -m tests.cluster.kills --moments 50
"""

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from stanchion.cluster import move
from stanchion.cluster.nodes import parse_node
from stanchion.errors import StanchionError
from stanchion.server.connection import connect
from stanchion.server.locate import Server
from tests.cluster.databases import DISTRIBUTED, Distributed, copied, make_templates
from tests.cluster.nodes import Node, started
from tests.cluster.work import Work

QUIET_EVERY, QUIET = 5, 12  # kills between two pauses in which a move ends, and the seconds in which the next one runs

SETTINGS = """
    select r.nodeid, r.result from run_command_on_all_nodes(
        'select coalesce(string_agg(c.tenant_id || c.namespace || c.key || c.valid_from || c.value, '','' '
        'order by c.tenant_id, c.namespace, c.key, c.valid_from), '''') from core.tenant_config as c'
    ) as r
"""
PREPARED = """
    select format('node %s has prepared %s transactions', r.nodeid, r.result) from run_command_on_all_nodes(
        'select count(*) from pg_prepared_xacts where database = current_database()'
    ) as r where r.result <> '0'
"""


class Moves:
    """Moves the shard of a random tenant to the other worker. Each move is repeated until it is done."""

    def __init__(self, cluster: Distributed, slugs: list[str], choose: random.Random) -> None:
        self.cluster, self.slugs, self.choose = cluster, slugs, choose
        server = cluster.dsn(cluster.coordinator)
        self.server = Server(server, "test", embedded=False, description="the coordinator")
        self.done = 0
        self.errors: Counter[str] = Counter()

    def run(self, over: threading.Event) -> None:
        while not over.is_set():
            slug, target = self.choose.choice(self.slugs), self.choose.choice(self.cluster.workers)
            while not over.is_set():
                try:
                    self.move(slug, target)
                    break
                except (psycopg.Error, StanchionError, OSError) as e:
                    self.errors[f"{type(e).__name__}: {e}".partition("\n")[0]] += 1
                    over.wait(0.2)

    def move(self, slug: str, target: Node) -> None:
        with connect(self.server) as conn:
            moved = move.move(conn, slug, parse_node(f"127.0.0.1:{target.port}"), "auto", lambda line: None)
        self.done += moved.target != moved.shard.node

    def wait_for_one(self, seconds: float = 60) -> None:
        """Wait until one more move has ended, however slow the machine is."""
        done, until = self.done, time.monotonic() + seconds
        while self.done == done and time.monotonic() < until:
            time.sleep(0.1)

    def faults(self) -> Iterator[str]:
        """Repeat a move of each tenant, then yield a sentence for each remain of the moves that were killed."""
        for slug in self.slugs:
            self.move(slug, self.choose.choice(self.cluster.workers))
        yield from remains(self.cluster)


REMAINS = r"""
    select 'subscription ' || s.subname from pg_subscription as s
    inner join pg_database as d on d.oid = s.subdbid and d.datname = current_database()
    union all select 'publication ' || p.pubname from pg_publication as p
    union all select 'replication slot ' || r.slot_name from pg_replication_slots as r
    where r.database = current_database()
    union all select 'role ' || r.rolname from pg_roles as r where r.rolname like 'citus\_shard\_%'
    union all select 'record of cleanup ' || c.object_name from pg_dist_cleanup as c
    union all select 'prepared transaction ' || x.gid from pg_prepared_xacts as x where x.database = current_database()
    union all select 'shard ' || c.relname
    from pg_class as c
    inner join pg_dist_shard as s on s.shardid = substring(c.relname from '_([0-9]+)$')::bigint
    where c.relkind in ('r', 'p') and c.relname ~ '_[0-9]{6,}$' and not exists (
        select from pg_dist_placement as p
        where p.shardid = s.shardid and p.groupid = (select l.groupid from pg_dist_local_group as l)
    )
"""


def remains(cluster: Distributed, wait: float = 30) -> list[str]:
    """Return what moves left on the nodes, after the maintenance daemons had time to end transactions."""
    until = time.monotonic() + wait
    while True:
        found = []
        for node in cluster.nodes.nodes:
            with cluster.connect(node, options="-c citus.override_table_visibility=off") as conn:
                found += [f"{name} at node {node.port}" for (name,) in conn.execute(REMAINS)]
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.5)


@dataclass
class Report:
    moments: int
    seconds: float
    work: Work
    moves: Moves
    faults: list[str]

    def __str__(self) -> str:
        errors = (self.work.errors() + self.moves.errors).total()
        lines = [
            f"{self.moments} kills in {self.seconds:.0f} s: {self.work}, {self.moves.done} shards moved, "
            f"{errors} errors while nodes were down",
            *(self.faults or ["nothing lost, nothing doubled, nothing by half, nothing left behind"]),
        ]
        return "\n".join(lines)


def kill_nodes(
    cluster: Distributed, moments: int, seed: int, tell: Callable[[str], None] = lambda text: None
) -> Report:
    """Kill a random node at each moment and start it again, while tenants of both workers work; check everything."""
    choose, begun = random.Random(seed), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        work = Work(cluster, Path(folder))
        moves = Moves(cluster, [tenant.slug for tenant in work.tenants], random.Random(seed))
        with work.running(moves.run):
            for moment in range(moments):
                is_quiet = moment % QUIET_EVERY == 0
                if is_quiet:
                    moves.wait_for_one()
                time.sleep(choose.uniform(0.2, QUIET if is_quiet else 1.5))
                node = choose.choice(cluster.nodes.nodes)
                node.kill()
                time.sleep(choose.choice([0, choose.uniform(0, 1)]))
                node.restart()
                tell(f"{moment + 1} of {moments}: node {cluster.nodes.nodes.index(node)} killed and restarted")
            time.sleep(1)
        faults = [*_prepared(cluster), *_copies(cluster), *moves.faults(), *work.faults()]
    return Report(moments, time.monotonic() - begun, work, moves, faults)


def _prepared(cluster: Distributed, wait: float = 30) -> list[str]:
    """Return the nodes with prepared transactions. The maintenance daemon of Citus ends those of a killed node."""
    until = time.monotonic() + wait
    while True:
        with cluster.connect() as conn:
            found = [text for (text,) in conn.execute(PREPARED)]
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.5)


def _copies(cluster: Distributed) -> list[str]:
    """Return a sentence when the copies of a reference table differ between nodes."""
    with cluster.connect() as conn:
        different = len({text for _, text in conn.execute(SETTINGS)})
    return [f"core.tenant_config has {different} versions"] if different > 1 else []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=50, help="Number of kills (default: 50).")
    parser.add_argument(
        "--seed", type=int, default=random.randrange(10**6), help="Seed of the moments (default: random)."
    )
    options = parser.parse_args()
    from tests.conftest import open_folder

    print(f"seed {options.seed}", flush=True)  # noqa: T201
    with started(open_folder("stanchion-kills-")) as nodes:
        make_templates(nodes)
        with copied(nodes, DISTRIBUTED) as cluster:
            report = kill_nodes(cluster, options.moments, options.seed, lambda text: print(text, flush=True))  # noqa: T201
    print(report)  # noqa: T201
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
