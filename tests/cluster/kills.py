"""Kill nodes of a cluster with SIGKILL at random moments while tenants work, then look for lost and doubled rows.

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
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from stanchion.dev.bench.games import EVENTS, write_games
from stanchion.errors import StanchionError
from tests.cluster.databases import DISTRIBUTED, Distributed, copied, make_templates
from tests.cluster.nodes import started
from tests.ingest.loading.conftest import League
from tests.sessions import Db
from tests.stock.shop import add_item
from tests.stock.shop import broken_promises as broken_shop

STREAMS, STOCK, GAMES = 4, 1_000_000, 2
CLAIM = "select outcome from core.claim_key(%s, %s, '1 hour')"
EVENT = "jsonb_build_array(jsonb_build_object('type', 'a', 'payload', %s::text))"
APPEND = f"select core.append_events('kill', %s, null, {EVENT})"

# keys and their events are written in one transaction: both exist or neither does
HALF = """
    select format(
        'key %%s is claimed %%s times and has %%s events', wanted.key, coalesce(k.times, 0), coalesce(e.times, 0)
    )
    from (select unnest(%(keys)s::text[]) as key) as wanted
    left join (
        select encode(i.fingerprint, 'escape') as key, count(*) as times
        from core.idempotency_key as i where i.tenant_id = %(tenant)s group by 1
    ) as k on k.key = wanted.key
    left join (
        select v.payload #>> '{}' as key, count(*) as times
        from core.event as v where v.tenant_id = %(tenant)s and v.stream_type = 'kill' group by 1
    ) as e on e.key = wanted.key
    where coalesce(k.times, 0) <> coalesce(e.times, 0) or k.times > 1
"""
LOST = """
    select format('event %%s was answered and does not exist', answered.key)
    from unnest(%(keys)s::text[]) as answered (key)
    where not exists (
        select from core.event as v
        where v.tenant_id = %(tenant)s and v.stream_type = 'kill' and v.payload #>> '{}' = answered.key
    )
"""
GAPS = """
    select format('stream %%s has %%s events up to version %%s', e.stream_id, count(*), max(e.version))
    from core.event as e where e.tenant_id = %(tenant)s and e.stream_type = 'kill'
    group by e.stream_id having count(*) <> max(e.version) or count(distinct e.version) <> count(*)
"""
ORDERS = """
    select format('order %%s was answered and does not exist', answered.key)
    from unnest(%(keys)s::text[]) as answered (key)
    where not exists (select from stock.purchase as p where p.tenant_id = %(tenant)s and p.order_key = answered.key)
"""
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


@dataclass
class Tenant:
    """A tenant that works during the kills, with the answers that its sessions got."""

    cluster: Distributed
    slug: str
    id: str
    login: str
    operator: str
    item: str
    answered: list[str] = field(default_factory=list)  # keys whose transaction was committed
    tried: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    @classmethod
    def make(cls, cluster: Distributed, slug: str, home: int) -> "Tenant":
        tenant = cluster.make_tenant(slug, home=cluster.workers[home])
        with cluster.connect(cluster.workers[home]) as conn:
            item = add_item(conn, tenant, STOCK)
        return cls(
            cluster, slug, tenant, cluster.make_login("stanchion_app"), cluster.make_login("stanchion_dba"), item
        )

    def claim_and_append(self, conn: Db, key: str) -> None:
        self.tried.append(key)
        with conn.transaction():
            outcome = conn.execute(
                "select outcome from core.claim_key(%s, %s, '1 hour')", [key, key.encode()]
            ).fetchone()
            assert outcome == ("claimed",), (key, outcome)
            conn.execute(APPEND, [f"s{int(key.split()[-1]) % STREAMS}", key])
        self.answered.append(key)

    def buy(self, conn: Db, key: str) -> None:
        conn.execute("select stock.buy(%s, 1, %s)", [self.item, key])
        self.orders.append(key)

    def set(self, conn: Db, key: str) -> None:
        """Write a table of which every node has a copy, which needs a commit in two phases."""
        depth = int(key.split()[-1]) % 1000 + 1
        conn.execute("select core.set_tenant_config('stock', 'queue_depth', %s)", [str(depth)])

    def faults(self) -> Iterator[str]:
        """Yield a sentence for each thing that was lost, doubled or done by half."""
        values = {"tenant": self.id, "keys": self.answered}
        with self.cluster.connect(self.cluster.home(self.id)) as conn:
            for query, keys in ((HALF, self.tried), (LOST, self.answered), (GAPS, []), (ORDERS, self.orders)):
                yield from (text for (text,) in conn.execute(query.encode(), values | {"keys": keys}))


def work_until(over: threading.Event, tenant: Tenant, number: int, task: Callable[[Db, str], None], login: str) -> None:
    """Repeat a task with new keys, also after an error, which a killed node causes."""
    conn: Db | None = None
    turn = 0
    while not over.is_set():
        turn += 1
        try:
            if conn is None or conn.closed:
                conn = psycopg.connect(tenant.cluster.app_dsn(tenant.id, login=login), autocommit=True)
            task(conn, f"{task.__name__} {number} {turn}")
        except psycopg.Error as e:
            tenant.errors[str(e).partition("\n")[0]] += 1
            if conn is not None:
                conn.close()
            conn = None
            over.wait(0.05)


class Loads:
    """Loads the same games for one tenant after the other. Each load is repeated until it is complete."""

    def __init__(self, cluster: Distributed, games: Path) -> None:
        self.cluster, self.games = cluster, games
        self.leagues: list[League] = []
        self.errors: Counter[str] = Counter()
        with cluster.connect() as conn:
            first = self._league(conn)
            first.load(games)
            self.expected = first.digest()

    def _league(self, conn: Db) -> League:
        league = League(conn, self.cluster.dsn(self.cluster.coordinator), f"league-{len(self.leagues)}")
        self.leagues.append(league)
        return league

    def run(self, over: threading.Event) -> None:
        league = None
        while not over.is_set():
            try:
                if league is None:
                    with self.cluster.connect() as conn:
                        league = self._league(conn)
                league.load(self.games)
                league = None
            except (psycopg.Error, StanchionError, OSError) as e:
                self.errors[f"{type(e).__name__}: {e}".partition("\n")[0]] += 1
                over.wait(0.1)

    def faults(self) -> Iterator[str]:
        """Yield a sentence for each game that is published in part, and for each difference after one more load."""
        with self.cluster.connect() as conn:
            for league in self.leagues:
                league.db = conn
                for game, events in conn.execute(PUBLISHED, [league.id]).fetchall():
                    if events != EVENTS:
                        yield f"game {game} of {league.slug} has {events} of {EVENTS} events"
                league.load(self.games)
                if (found := league.digest()) != self.expected:
                    yield f"{league.slug}: other rows in {[t for t in found if found[t] != self.expected[t]]}"


PUBLISHED = """
    select f.game_key, (
        select count(*) from contest.play_event as e where e.tenant_id = f.tenant_id and e.game_key = f.game_key
    )
    from contest.fixture as f where f.tenant_id = %s and f.content_hash is not null
"""


@dataclass
class Report:
    moments: int
    seconds: float
    answered: int
    orders: int
    leagues: int
    errors: Counter[str]
    faults: list[str]

    def __str__(self) -> str:
        lines = [
            f"{self.moments} kills in {self.seconds:.0f} s: {self.answered} keys with events and {self.orders} orders "
            f"answered, games of {self.leagues} tenants loaded, {self.errors.total()} errors while nodes were down",
            *(self.faults or ["nothing lost, nothing doubled, nothing by half, no prepared transaction left"]),
        ]
        return "\n".join(lines)


@contextmanager
def _running(work: list[Callable[[threading.Event], None]]) -> Iterator[None]:
    over = threading.Event()
    threads = [threading.Thread(target=each, args=(over,), daemon=True) for each in work]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def kill_nodes(
    cluster: Distributed, moments: int, seed: int, tell: Callable[[str], None] = lambda text: None
) -> Report:
    """Kill a random node at each moment and start it again, while tenants of both workers work; check everything."""
    choose, begun = random.Random(seed), time.monotonic()
    tenants = [Tenant.make(cluster, f"kill-{number}", number) for number in range(2)]
    with tempfile.TemporaryDirectory() as folder:
        write_games(Path(folder), GAMES)
        loads = Loads(cluster, Path(folder))
        work: list[Callable[[threading.Event], None]] = [loads.run]
        for tenant in tenants:
            tasks = [(tenant.claim_and_append, tenant.login)] * 2 + [
                (tenant.buy, tenant.login),
                (tenant.set, tenant.operator),
            ]
            for number, (task, login) in enumerate(tasks):
                work.append(lambda over, t=tenant, n=number, k=task, u=login: work_until(over, t, n, k, u))
        with _running(work):
            for moment in range(moments):
                time.sleep(choose.uniform(0.2, 1.5))
                node = choose.choice(cluster.nodes.nodes)
                node.kill()
                time.sleep(choose.choice([0, choose.uniform(0, 1)]))
                node.restart()
                tell(f"{moment + 1} of {moments}: node {cluster.nodes.nodes.index(node)} killed and restarted")
            time.sleep(1)
        faults = [*_prepared(cluster), *_copies(cluster)]
        for tenant in tenants:
            faults += tenant.faults()
        faults += loads.faults()
    for worker in cluster.workers:
        with cluster.connect(worker) as conn:
            faults += broken_shop(conn)
    return Report(
        moments,
        time.monotonic() - begun,
        sum(len(tenant.answered) for tenant in tenants),
        sum(len(tenant.orders) for tenant in tenants),
        len(loads.leagues),
        sum((tenant.errors for tenant in tenants), loads.errors),
        faults,
    )


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
