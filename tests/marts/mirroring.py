"""A league that changes in every way that the mirror has to follow, and the comparison of a mirror with its sources."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from stanchion.cli.demo import use_workspace
from stanchion.cluster.home import for_tenant_at_home
from stanchion.cluster.mirror import MirrorResult, mirror
from stanchion.cluster.mirror_tables import TABLES, Mirrored
from stanchion.paths import ROOT, query
from stanchion.server.connection import connect, value
from stanchion.server.locate import Server
from tests.marts.league import League
from tests.marts.platform import Platform
from tests.marts.test_increments import STEPS, Season

Digests = dict[str, tuple[int, str]]


class Life(Season):
    """A season with a shop, members, settings and a cup. Every statement acts at the node of the tenant."""

    def __init__(self, platform: Platform, league: League, folder: Path) -> None:
        super().__init__(platform, league, folder)
        self.items: list[str] = []
        self.orders = 0

    def act(self, statement: str, *values: Any) -> Any:
        """Run a statement for the tenant and return its first value."""
        with for_tenant_at_home(self.platform.conn, self.league.slug) as acting:
            row = acting.conn.execute(statement.encode(), values or None).fetchone()
        return row[0] if row else None

    def item(self) -> None:
        self.items.append(str(self.act("select stock.add_item(%s, 2.50, 40)", f"Scarf {len(self.items)}")))

    def bought(self) -> None:
        self.items or self.item()
        for _ in range(3):
            self.orders += 1
            item, quantity = self.rng.choice(self.items), self.rng.randrange(1, 12)
            self.act("select state from stock.buy(%s, %s, %s)", item, quantity, f"order {self.orders}")

    def restocked(self) -> None:
        self.items or self.item()
        self.orders += 1
        self.act("select state from stock.restock(%s, %s, %s)", self.rng.choice(self.items), 5, f"order {self.orders}")

    def set(self) -> None:
        points, since = str(self.rng.randrange(2, 5)), f"2026-0{self.rng.randrange(1, 5)}-01"
        self.act("select core.set_tenant_config('contest', 'points_win', %s, %s)", points, since)

    def joined(self) -> None:
        self.orders += 1
        self.act("select core.add_member(%s, 'A Member', 'viewer')", f"member{self.orders}@example.org")

    def used(self) -> None:
        self.act("select workspace.record_usage('reports', 10, 0.00045)")

    def confirmed(self) -> None:
        """Play a cup of one game, whose score an application submits and a referee confirms."""
        self.orders += 1
        with for_tenant_at_home(self.platform.conn, self.league.slug) as acting:
            acting.conn.execute(CUP.format(cup=f"cup{self.orders}", away=self.rng.randrange(3)).encode())


CUP = """
do $$
declare
    v_referee uuid := core.add_member('{cup}@example.org', 'A Referee', 'editor');
begin
    perform contest.create_competition('{cup}', 'A Cup', 'swiss', p_rounds => 1);
    perform contest.enter_team('{cup}', 'First');
    perform contest.enter_team('{cup}', 'Second');
    perform contest.draw('{cup}');
    perform contest.submit_score('{cup}/1/1', 3, {away}, '{cup}');
    perform core.set_local('app.principal_id', v_referee::text);
    perform contest.confirm_score('{cup}');
end;
$$
"""
MORE: list[Callable[[Life], None]] = [
    Life.bought, Life.bought, Life.restocked, Life.set, Life.joined, Life.used, Life.confirmed,
]  # fmt: skip


class Steps:
    """Random steps of a life, of each kind before any is repeated."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.taken: set[Any] = set()

    def advance(self) -> None:
        """Make a random change of a season, and one beside it."""
        self.life.advance()
        step = self.life.rng.choice([step for step in MORE if step not in self.taken] or MORE)
        self.taken.add(step)
        step(self.life)

    def is_complete(self) -> bool:
        """Return whether each kind of step was taken."""
        return self.life.taken == set(STEPS) and self.taken == set(MORE)


def begin(platform: Platform, league: League, folder: Path, *, cup: bool = True) -> Life:
    """Load a schedule and three games, open a shop and a workspace, and play a cup."""
    league.schedule(platform.server)
    life = Life(platform, league, folder)
    for _ in range(3):
        life.new()
    life.item()
    life.bought()
    use_workspace(platform.conn, league.slug)
    if cup:
        with for_tenant_at_home(platform.conn, league.slug) as acting:
            acting.conn.execute(query("dev/sample", "cup").encode())
    return life


def run_mirror(server: Server, marts: Server, **options: Any) -> MirrorResult:
    """Mirror the sources of a server. Wait two seconds at most for transactions that hold back the purchases."""
    statement = "select pg_snapshot_xmin(s) = pg_snapshot_xmax(s) from pg_current_snapshot() as s"
    with connect(server) as conn:
        for _ in range(200):
            if value(conn, statement):
                break
            time.sleep(0.01)  # autovacuum has transactions too
        return mirror(server, conn, marts, **options)


def rows_of(conn: psycopg.Connection[Any], table: Mirrored, name: str) -> tuple[int, str]:
    """Return the number of rows of a table, and a digest of the mirrored columns in any order."""
    columns = table.copied
    where = "where load_id > 0" if table.source == "contest.fixture" else ""
    with conn.transaction():
        conn.execute("set local timezone = 'UTC'")
        row = conn.execute(
            f"select count(*), md5(coalesce(string_agg(md5(t::text), '' order by md5(t::text)), '')) "
            f"from (select {columns} from {name} {where}) as t".encode()
        ).fetchone()
    assert row is not None
    return int(row[0]), str(row[1])


def sources(conn: psycopg.Connection[Any]) -> Digests:
    """Return the digests of the sources of the marts."""
    return {table.source: rows_of(conn, table, table.source) for table in TABLES}


def mirrored(marts: Server) -> Digests:
    """Return the digests of the mirror."""
    with psycopg.connect(marts.dsn, autocommit=True) as conn:
        return {table.source: rows_of(conn, table, table.target) for table in TABLES}


def games(conn: psycopg.Connection[Any], prefix: str = "") -> set[tuple[Any, ...]]:
    """Return each game with its load and the number of its rows in tables of each kind."""
    of_day = "e.tenant_id = f.tenant_id and e.played_on = f.played_on and e.game_key = f.game_key"
    statement = (
        "select f.tenant_id, f.game_key, f.load_id, "
        f"(select count(*) from {prefix}contest.play_event as e where {of_day}), "
        f"(select count(*) from {prefix}contest.stint_player as e where {of_day}), "
        f"(select count(*) from {prefix}contest.roster_entry as e "
        "where e.tenant_id = f.tenant_id and e.game_key = f.game_key) "
        f"from {prefix}contest.fixture as f"
    )
    return set(conn.execute(statement.encode()).fetchall())


@contextmanager
def mirroring(server: Server, marts: Server) -> Iterator["subprocess.Popen[str]"]:
    """Run the mirror in a process of its own, which begins when it gets a line and then prints one."""
    script = (
        "import sys\n"
        "from stanchion.server.locate import Server\n"
        "from tests.marts.mirroring import run_mirror\n"
        "of = lambda dsn: Server(dsn, '--dsn', embedded=False, description='of a test')\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "run_mirror(of(sys.argv[1]), of(sys.argv[2])); print('done', flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, server.dsn, marts.dsn],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    ) as process:  # fmt: skip
        assert process.stdin and process.stdout
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("\n")
        process.stdin.flush()
        try:
            yield process
        finally:
            process.kill()


def _wait_for_sessions(conn: psycopg.Connection[Any]) -> None:
    """Wait until the sessions of earlier commands have ended."""
    while conn.execute(
        "select true from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() "
        "and application_name = 'stanchion'"
    ).fetchone():
        time.sleep(0.01)


@contextmanager
def counting(marts: Server) -> Iterator[dict[str, int]]:
    """Yield a dictionary that gets the number of rows that the body wrote to each table of the mirror."""
    statement = (
        "select schemaname || '.' || relname as name, n_tup_ins + n_tup_upd + n_tup_del as written "
        "from pg_stat_user_tables where schemaname ~ '^mirror_(core|contest|landing|stock|workspace)'"
    )
    written: dict[str, int] = {}
    with psycopg.connect(marts.dsn, autocommit=True, row_factory=dict_row) as conn:
        _wait_for_sessions(conn)  # a session counts its rows when it ends
        conn.execute("select pg_stat_force_next_flush()")
        before = {row["name"]: row["written"] for row in conn.execute(statement.encode()).fetchall()}
        yield written
        _wait_for_sessions(conn)
        conn.execute("select pg_stat_clear_snapshot()")
        for row in conn.execute(statement.encode()).fetchall():
            if changed := row["written"] - before.get(row["name"], 0):
                written[row["name"]] = changed
