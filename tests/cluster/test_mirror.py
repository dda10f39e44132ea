"""The mirror of a cluster: equal to its sources after each change and move, and marts equal to those of plain Postgres.

The tests between two plain databases are in tests/marts/test_mirror.py.
"""

import json
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from stanchion.cluster import move
from stanchion.cluster.nodes import Node as Address
from stanchion.errors import StanchionError
from stanchion.marts import build
from stanchion.server.connection import connect
from stanchion.server.locate import Server
from tests.cluster.databases import Distributed, distribute
from tests.cluster.nodes import Node
from tests.conftest import run_stanchion
from tests.marts.league import play
from tests.marts.mirroring import MORE, Life, Steps, begin, games, mirrored, mirroring, run_mirror, sources
from tests.marts.platform import Platform
from tests.program import call_stanchion

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def server_of(database: Distributed) -> Server:
    return Server(database.dsn(database.coordinator), "--dsn", embedded=False, description="the coordinator")


@contextmanager
def two_leagues(database: Distributed, folder: Path) -> Iterator[tuple[Life, Life]]:
    """Two leagues whose homes are different workers, the first with a cup."""
    with connect(server_of(database)) as conn:
        platform = Platform(server_of(database), conn, folder, {})
        lives = []
        for slug, worker, seed in zip(("ours", "theirs"), database.workers, (21, 22), strict=True):
            database.make_tenant(slug, home=worker)
            lives.append(begin(platform, play(slug, 8, 7001, seed=seed), folder, cup=slug == "ours"))
        yield lives[0], lives[1]


def tenant_of(life: Life) -> str:
    (row,) = life.platform.rows("select tenant_id from core.tenant where slug = %s", life.league.slug)
    return str(row["tenant_id"])


def move_to(life: Life, node: Node) -> None:
    """Move the tenant. Repeat the command while the shard that an earlier move left behind is still in use."""
    until = time.monotonic() + 60
    with connect(life.platform.server) as conn:
        while True:
            try:
                move.move(conn, life.league.slug, Address("127.0.0.1", node.port), "auto", lambda line: None)
                return
            except StanchionError as e:
                if "leftover from the previous move" not in str(e) or time.monotonic() > until:
                    raise


def test_mirror_equals_its_sources_after_each_change_and_move(distributed: Distributed, tmp_path: Path) -> None:
    with two_leagues(distributed, tmp_path) as (ours, theirs):
        server = ours.platform.server
        run_mirror(server, server)
        assert mirrored(server) == sources(ours.platform.conn)
        assert run_mirror(server, server).tenants == 0
        steps = Steps(ours), Steps(theirs)
        for number in range(12):
            steps[number % 2].advance()
            if number % 4 == 3:
                move_to(ours, distributed.other(tenant_of(ours)))
                ours.bought()
            run_mirror(server, server)
            assert mirrored(server) == sources(ours.platform.conn)


def test_purchases_of_a_tenant_that_moved_there_and_back_are_mirrored(distributed: Distributed, tmp_path: Path) -> None:
    """The node in between has low transaction ids, so its purchases are before the mirrored position of the home."""
    with two_leagues(distributed, tmp_path) as (ours, _):
        server, home, other = (
            ours.platform.server,
            distributed.home(tenant_of(ours)),
            distributed.other(tenant_of(ours)),
        )
        with distributed.connect(home) as conn:
            conn.execute("do $$ begin for i in 1..3000 loop perform pg_current_xact_id(); commit; end loop; end $$")
        ours.bought()
        run_mirror(server, server)
        move_to(ours, other)
        ours.bought()
        move_to(ours, home)
        run_mirror(server, server)
        assert mirrored(server) == sources(ours.platform.conn)


def test_load_that_begins_on_another_node_is_not_missed(distributed: Distributed, tmp_path: Path) -> None:
    """A session has the lower load id, and commits after a higher one of the other node was mirrored."""
    with two_leagues(distributed, tmp_path) as (ours, theirs):
        server = ours.platform.server
        with distributed.connect(distributed.home(tenant_of(ours))) as slow:
            slow.execute("select set_config('app.tenant_id', %s, false)", [tenant_of(ours)])
            (low,) = slow.execute("select landing.begin_load('games', 'slow')").fetchone()
            theirs.new()
            result = run_mirror(server, server)
            assert result.horizon == low - 1
            slow.execute("select landing.finish_load(%s, 'done', '{}', 0, 0)", [low])
        assert run_mirror(server, server).horizon > low
        assert mirrored(server) == sources(ours.platform.conn)


@pytest.mark.parametrize("rounds", [4, pytest.param(40, marks=pytest.mark.exhaustive)])
def test_killed_run_leaves_whole_games_and_is_continued(distributed: Distributed, tmp_path: Path, rounds: int) -> None:
    rng, killed = random.Random(6), 0
    with two_leagues(distributed, tmp_path) as (ours, _), distributed.connect() as conn:
        server, steps = ours.platform.server, Steps(ours)
        seen = games(ours.platform.conn)
        started = time.monotonic()
        run_mirror(server, server)
        usual = time.monotonic() - started
        for number in range(rounds):
            conn.execute("update mirror_state.tenant set definition = ''")  # the next run copies every row
            steps.advance()
            seen |= games(ours.platform.conn)
            with mirroring(server, server) as process:
                time.sleep(rng.uniform(0, usual))
                process.kill()
                killed += "done" not in process.communicate()[0]
            assert games(conn, "mirror_") <= seen
            if number % 2:
                run_mirror(server, server)
                assert mirrored(server) == sources(ours.platform.conn)
    assert killed > 0


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("rounds", [4, pytest.param(40, marks=pytest.mark.exhaustive)])
def test_marts_equal_plain_postgres_after_random_increments(
    distributed: Distributed, tmp_path: Path, rounds: int
) -> None:
    """The marts are built incrementally over the mirror while tenants move, and computed from scratch after undo."""
    with two_leagues(distributed, tmp_path) as (ours, theirs):
        platform, steps = ours.platform, (Steps(ours), Steps(theirs))
        for number in range(rounds):
            steps[number % 2].advance()
            if number % 8 == 3:
                move_to(ours, distributed.other(tenant_of(ours)))
            platform.build(test=number == rounds - 1)
        before = platform.digests()
        assert platform.rows("select count(*) as n from marts.fact_event")[0]["n"] > 2000
        assert platform.build().is_current
        undone = run_stanchion("cluster", "undo", "--yes", database_url=platform.server.dsn)
        assert undone.code == 0, undone.err + undone.out
        assert platform.rows("select 1 from pg_namespace where nspname ~ '^mirror_'") == []
        platform.build(full_refresh=True, test=False)
        assert platform.digests() == before
        ours.bought()
        theirs.new()
        platform.build(test=False)
        incremental = platform.digests()
        assert incremental != before
        platform.build(full_refresh=True, test=False)
        assert platform.digests() == incremental


def test_mirror_follows_tenants_that_enter_at_the_coordinator(undistributed: Distributed, tmp_path: Path) -> None:
    """Loads are refused there, so the games are loaded before the database is distributed."""
    server = server_of(undistributed)
    with connect(server) as conn:
        conn.execute("select core.create_tenant('ours', 'Ours', 'league')")
        life = begin(Platform(server, conn, tmp_path, {}), play("ours", 3, 7001, seed=21), tmp_path)
    distribute(undistributed, entry="coordinator")
    with connect(server) as conn:
        life.platform.conn = conn
        run_mirror(server, server)
        assert mirrored(server) == sources(conn)
        for step in MORE:
            step(life)
            run_mirror(server, server)
            assert mirrored(server) == sources(conn)
        assert run_mirror(server, server).tenants == 0


def test_one_tenant_is_served_by_one_task(distributed: Distributed, tmp_path: Path) -> None:
    """The applications of a tenant read the sources on the cluster, and not the marts node."""
    with two_leagues(distributed, tmp_path) as (ours, _):
        for table in ("contest.fixture", "contest.play_event", "contest.point_entry", "stock.item", "stock.purchase"):
            plan = "\n".join(
                row[0]
                for row in ours.platform.conn.execute(
                    f"explain select * from {table} where tenant_id = '{tenant_of(ours)}'".encode()
                ).fetchall()
            )
            assert "Task Count: 1" in plan


def test_marts_on_a_server_of_their_own(distributed: Distributed, undistributed: Distributed, tmp_path: Path) -> None:
    """The other server is deployed, and gets the tenants for the policies of analysts. Every reader connects there."""
    marts = server_of(undistributed)
    with two_leagues(distributed, tmp_path) as (ours, _), psycopg.connect(marts.dsn, autocommit=True) as conn:
        report = build(ours.platform.server, marts_dsn=marts.dsn)
        assert not report.failed, "\n".join(node.message for node in report.failed)
        assert conn.execute("select count(*) > 2000 from marts.fact_event").fetchone() == (True,)
        assert ours.platform.rows("select to_regclass('marts.fact_event') as name") == [{"name": None}]
        (row,) = ours.platform.rows("select position from core.stat_refresh where model = 'staging.tested_loads'")
        assert row["position"] > 0

        def call(*args: str) -> str:
            done = call_stanchion(*args, database_url=ours.platform.server.dsn, STANCHION_MARTS_DSN=marts.dsn)
            assert done.code == 0, done.out + done.err
            return done.out

        page, standings = tmp_path / "ours.html", tmp_path / "standings.csv"
        call("report", "--tenant", "ours", "--out", str(page))
        call("export", "standings", "--tenant", "ours", "--out", str(standings))
        assert len(standings.read_text(encoding="utf-8").splitlines()) > 2
        ours.new()
        assert json.loads(call("cluster", "mirror", "--status", "--json"))["loads_behind"] > 0
        call("build")
        assert json.loads(call("cluster", "mirror", "--status", "--json"))["loads_behind"] == 0
