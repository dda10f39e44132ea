"""Tenants that claim keys, append and poll events, buy, change settings and load while nodes fail or shards move.

Each keeps the answers that its sessions got. Afterwards the tables are compared with them.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from stanchion.dev.bench.games import EVENTS, write_games
from stanchion.errors import StanchionError
from tests.cluster.databases import Distributed
from tests.cluster.traffic import Answers, Consumer, drain, polling_faults, stored_events
from tests.ingest.loading.conftest import League
from tests.sessions import Db
from tests.stock.shop import add_item
from tests.stock.shop import broken_promises as broken_shop

STREAMS, STOCK, GAMES = 4, 1_000_000, 2
SCHEDULE = "game_id,date,home_team,away_team\n" + "".join(
    f"{700_000 + number},2026-01-{1 + number:02},Team {number},Team {8 + number}\n" for number in range(GAMES)
)
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
    received: Answers = field(default_factory=Answers)  # of the consumer

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
        drain(self.cluster, self.id, self.login, self.received)
        yield from polling_faults(stored_events(self.cluster, self.id, "kill"), self.received)


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
            first.schedule(SCHEDULE)
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
                league.schedule(SCHEDULE)
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
                league.schedule(SCHEDULE)
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


class Work:
    """A tenant at each worker, and leagues that are loaded one after the other."""

    def __init__(self, cluster: Distributed, folder: Path) -> None:
        self.cluster = cluster
        self.tenants = [Tenant.make(cluster, f"tenant-{number}", number) for number in range(2)]
        write_games(folder, GAMES)
        self.loads = Loads(cluster, folder)

    @contextmanager
    def running(self, *others: Callable[[threading.Event], None]) -> Iterator[None]:
        """Let all tenants work during the body, beside other work that ends when the event is set."""
        work = [self.loads.run, *others]
        for tenant in self.tenants:
            tasks = [(tenant.claim_and_append, tenant.login)] * 2 + [
                (tenant.buy, tenant.login),
                (tenant.set, tenant.operator),
            ]
            for number, (task, login) in enumerate(tasks):
                work.append(lambda over, t=tenant, n=number, k=task, u=login: work_until(over, t, n, k, u))
            work.append(lambda over, t=tenant: Consumer(self.cluster, t.login, t.id, t.received, over).run())
        with _running(work):
            yield

    def errors(self) -> Counter[str]:
        """Return the errors that sessions got, and the number of each."""
        return sum((tenant.errors + tenant.received.errors for tenant in self.tenants), self.loads.errors)

    def faults(self) -> Iterator[str]:
        """Yield a sentence for each thing that was lost, doubled or done by half."""
        for tenant in self.tenants:
            yield from tenant.faults()
        yield from self.loads.faults()
        for worker in self.cluster.workers:
            with self.cluster.connect(worker) as conn:
                yield from broken_shop(conn)

    def __str__(self) -> str:
        answered, orders, polled = (
            sum(map(len, each))
            for each in zip(*((t.answered, t.orders, t.received.polled) for t in self.tenants), strict=True)
        )
        return (
            f"{answered} keys with events and {orders} orders answered, {polled} events polled, schedule and games of "
            f"{len(self.loads.leagues)} tenants loaded"
        )


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
