"""A mirror of the sources of the marts, between two plain databases: equal after every change, and after every kill."""

import copy
import os
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from stanchion.audit.rules import broken, rule_files
from stanchion.cluster import mirror_tables, mirror_target
from stanchion.cluster.freshness import freshness
from stanchion.cluster.mirror_tables import TABLES
from stanchion.cluster.mirror_target import require_complete
from stanchion.errors import StanchionError
from stanchion.marts import BuildResult, build
from stanchion.server.locate import Server
from tests.marts.league import play
from tests.marts.mirroring import Life, Steps, begin, counting, games, mirrored, mirroring, run_mirror, sources
from tests.marts.platform import NAME, Maker, Platform, copy_of
from tests.marts.platform import _add as add_league

WAREHOUSE = "warehouse"


@pytest.fixture
def warehouse(deployed: Any, cluster: Any) -> Iterator[Server]:
    """A deployed database without tenants, for the marts of another one."""
    with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as admin:
        admin.execute(f"drop database if exists {WAREHOUSE} with (force)")
        admin.execute(f"create database {WAREHOUSE} template {deployed.template_dbname}")
        admin.execute(
            f"grant temporary on database {WAREHOUSE} "
            "to stanchion_app, stanchion_loader, stanchion_builder, stanchion_analyst"
        )
        yield Server(cluster.dsn(WAREHOUSE), "--marts-dsn", embedded=False, description="the warehouse of the test")
        admin.execute(f"drop database {WAREHOUSE} with (force)")


@pytest.fixture(scope="module")
def begun(fresh_platform: Maker, cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """The league of the tests, whose database is the template `begun`."""
    folder = tmp_path_factory.mktemp("begun")
    with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as admin:
        admin.execute("drop database if exists begun with (force)")
        with fresh_platform(folder, play("ours", 8, 7001, seed=21)) as platform:
            life = begin(platform, platform.leagues["ours"], folder)
            platform.conn.close()
            admin.execute(f"create database begun template {NAME}")
        yield life
        admin.execute("drop database begun with (force)")


@pytest.fixture
def league(begun: Life, cluster: Any, tmp_path: Path) -> Iterator[Life]:
    """A deployed database with one league: three games, a shop, a workspace and a cup."""
    with copy_of(cluster, "begun", tmp_path) as platform:
        life = copy.copy(begun)
        life.platform, life.folder, life.league = platform, tmp_path, copy.deepcopy(begun.league)
        life.rng, life.taken, life.items = random.Random(20), set(begun.taken), list(begun.items)
        games = {game.game_id: game for game in life.league.games}
        life.loaded, life.gone = [games[game.game_id] for game in begun.loaded], []
        platform.leagues[life.league.slug] = life.league
        yield life


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [3, pytest.param(16, marks=pytest.mark.exhaustive)])
def test_mirror_equals_its_sources_after_each_change(
    league: Life, warehouse: Server, tmp_path: Path, rounds: int
) -> None:
    platform, steps = league.platform, Steps(league)
    theirs = play("theirs", 3, 7001, seed=22)
    add_league(platform, theirs)
    begin(platform, theirs, tmp_path, cup=False)
    run_mirror(platform.server, warehouse)
    assert mirrored(warehouse) == sources(platform.conn)
    for _ in range(rounds):
        steps.advance()
        run_mirror(platform.server, warehouse)
        assert mirrored(warehouse) == sources(platform.conn)
    assert rounds < 16 or steps.is_complete()


@pytest.mark.slow
def test_nothing_is_written_when_nothing_changed(league: Life, warehouse: Server) -> None:
    server = league.platform.server
    run_mirror(server, warehouse)
    with counting(warehouse) as written:
        assert run_mirror(server, warehouse).tenants == 0
    assert written == {}
    league.bought()
    with counting(warehouse) as written:
        assert run_mirror(server, warehouse).rows < 10
    assert set(written) == {"mirror_stock.purchase", "mirror_stock.item"}
    league.corrected()
    with counting(warehouse) as written:
        assert run_mirror(server, warehouse).games == 1
    assert "mirror_stock.purchase" not in written
    assert "mirror_contest.person" not in written


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [3, pytest.param(40, marks=pytest.mark.exhaustive)])
def test_killed_run_leaves_whole_games_and_is_continued(league: Life, warehouse: Server, rounds: int) -> None:
    platform, steps, rng = league.platform, Steps(league), random.Random(5)
    seen, killed = games(platform.conn), 0
    started = time.monotonic()
    run_mirror(platform.server, warehouse)
    usual = time.monotonic() - started
    with psycopg.connect(warehouse.dsn, autocommit=True) as conn:
        for number in range(rounds):
            if number % 3 == 0:
                conn.execute("update mirror_state.tenant set definition = ''")  # the next run copies every row
            steps.advance()
            seen |= games(platform.conn)
            with mirroring(platform.server, warehouse) as process:
                time.sleep(rng.uniform(0, usual))
                process.kill()
                killed += "done" not in process.communicate()[0]
            assert games(conn, "mirror_") <= seen
            if number % 2:
                run_mirror(platform.server, warehouse)
                assert mirrored(warehouse) == sources(platform.conn)
    run_mirror(platform.server, warehouse)
    assert mirrored(warehouse) == sources(platform.conn)
    assert killed > 0


@pytest.mark.slow
def test_two_runs_exclude_each_other(league: Life, warehouse: Server) -> None:
    server = league.platform.server
    overlapping: list[str] = []

    def meanwhile() -> None:
        with pytest.raises(StanchionError, match="Another mirror is still running"):
            run_mirror(server, warehouse, wait=0)
        overlapping.append("refused")

    run_mirror(server, warehouse, on_step=meanwhile)
    assert overlapping
    assert mirrored(warehouse) == sources(league.platform.conn)


@pytest.mark.slow
def test_running_load_and_later_loads_are_left_out(league: Life, warehouse: Server, tmp_path: Path) -> None:
    platform = league.platform
    add_league(platform, play("theirs", 2, 7001, seed=22))
    run_mirror(platform.server, warehouse)
    before = games(psycopg.connect(warehouse.dsn), "mirror_")
    with psycopg.connect(platform.server.dsn) as slow:
        slow.execute("select set_config('app.tenant_id', tenant_id::text, true) from core.tenant where slug = 'ours'")
        slow.execute("select landing.begin_load('games', 'slow')")
        slow.commit()
        platform.leagues["theirs"].load(platform.server, tmp_path)
        run_mirror(platform.server, warehouse)
        with psycopg.connect(warehouse.dsn) as conn:
            assert games(conn, "mirror_") == before
            behind = freshness(platform.conn, conn)
        assert (behind.loads_behind, behind.seconds_behind > 0) == (1, True)
    platform.settle("application_name <> 'stanchion' and pid <> pg_backend_pid()")
    platform.conn.execute("select landing.reap_loads()")
    run_mirror(platform.server, warehouse)
    assert mirrored(warehouse) == sources(platform.conn)
    with psycopg.connect(warehouse.dsn) as conn:
        assert freshness(platform.conn, conn).loads_behind == 0


@pytest.mark.slow
def test_purchase_committed_late_is_not_missed(league: Life, warehouse: Server) -> None:
    """A transaction with a low id commits after one with a higher id was mirrored."""
    platform = league.platform
    run_mirror(platform.server, warehouse)
    with psycopg.connect(platform.server.dsn) as late:
        late.execute("select set_config('app.tenant_id', tenant_id::text, true) from core.tenant where slug = 'ours'")
        late.execute("select stock.add_item('Late', 1, 9)")
        league.bought()
        run_mirror(platform.server, warehouse)
        assert mirrored(warehouse) == sources(platform.conn)
        late.commit()
    run_mirror(platform.server, warehouse)
    assert mirrored(warehouse) == sources(platform.conn)


@pytest.mark.slow
def test_tenant_that_is_gone_leaves_the_mirror(league: Life, warehouse: Server, tmp_path: Path) -> None:
    platform = league.platform
    add_league(platform, play("theirs", 1, 7001, seed=22))
    platform.leagues["theirs"].load(platform.server, tmp_path)
    run_mirror(platform.server, warehouse)
    with psycopg.connect(warehouse.dsn, autocommit=True) as conn:
        assert conn.execute("select count(*) from core.tenant").fetchone() == (2,)
        with platform.conn.transaction():
            platform.conn.execute("set local session_replication_role = replica")
            for row in platform.rows("select name from core.own_relation where has_tenant and kind = 'table'"):
                platform.conn.execute(
                    f"delete from {row['name']} as r using core.tenant as t "
                    "where t.slug = 'theirs' and t.tenant_id = r.tenant_id and t.tableoid <> r.tableoid"
                )
            platform.conn.execute("delete from core.tenant where slug = 'theirs'")
        run_mirror(platform.server, warehouse)
        assert mirrored(warehouse) == sources(platform.conn)
        assert conn.execute("select array_agg(slug) from core.tenant").fetchone() == (["ours"],)


@pytest.mark.slow
def test_expired_days_leave_the_mirror(league: Life, warehouse: Server) -> None:
    platform = league.platform
    run_mirror(platform.server, warehouse)
    (day,) = platform.conn.execute(
        "select played_on from contest.fixture where content_hash is not null order by 1 limit 1"
    ).fetchone()
    platform.conn.execute(f"drop table parts.contest__stint__{day:%Y%m%d}")
    platform.conn.execute("select core.log_partition('contest.stint', %s, 'dropped', null)", [day])
    for table in ("play_event", "play_participant", "play_point", "stint_player"):
        platform.conn.execute(f"truncate parts.contest__{table}__{day:%Y%m%d}")
    run_mirror(platform.server, warehouse)
    assert mirrored(warehouse) == sources(platform.conn)
    with psycopg.connect(warehouse.dsn) as conn:
        left = conn.execute("select count(*) from mirror_contest.play_event where played_on = %s", [day]).fetchone()
    assert left == (0,)


@pytest.mark.slow
def test_tenant_at_another_node_is_read_again(league: Life, warehouse: Server) -> None:
    """Its transactions have numbers of another server, which may all be lower than the mirrored position."""
    platform = league.platform
    run_mirror(platform.server, warehouse)
    with psycopg.connect(warehouse.dsn, autocommit=True) as conn:
        conn.execute("update mirror_state.tenant set node = 'group 7'")
        league.bought()
        platform.conn.execute("update stock.purchase set transaction_id = 3")
        run_mirror(platform.server, warehouse)
        assert mirrored(warehouse) == sources(platform.conn)
        assert conn.execute("select node from mirror_state.tenant").fetchone() == ("plain",)


@pytest.mark.slow
def test_restored_sources_are_refused_until_copied_again(league: Life, warehouse: Server, tmp_path: Path) -> None:
    platform = league.platform
    run_mirror(platform.server, warehouse)
    platform.conn.execute("delete from landing.load_batch where load_id > 2")
    platform.conn.execute("update contest.fixture set load_id = 2 where load_id > 2")
    platform.conn.execute("select setval('landing.load_id', 2)")
    with pytest.raises(StanchionError, match="the sources were restored"):
        run_mirror(platform.server, warehouse)
    run_mirror(platform.server, warehouse, from_scratch=True)
    assert mirrored(warehouse) == sources(platform.conn)
    league.new()
    run_mirror(platform.server, warehouse)
    assert mirrored(warehouse) == sources(platform.conn)


@pytest.mark.slow
def test_mirror_of_an_older_version_gets_its_new_columns(
    league: Life, warehouse: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = league.platform
    older = tuple(
        replace(table, columns=tuple(c for c in table.columns if c not in ("is_highlight", "price")))
        for table in TABLES
    )
    with monkeypatch.context() as patch:
        for module in (mirror_tables, mirror_target):
            patch.setattr(module, "TABLES", older)
        run_mirror(platform.server, warehouse)
    with psycopg.connect(warehouse.dsn, autocommit=True) as conn, pytest.raises(StanchionError, match="not complete"):
        require_complete(conn)
    run_mirror(platform.server, warehouse)
    assert mirrored(warehouse) == sources(platform.conn)


@pytest.mark.slow
def test_same_database_by_another_address_has_a_mirror(league: Life, fresh_platform: Maker) -> None:
    server = league.platform.server
    other = replace(server, dsn=make_conninfo(server.dsn, application_name="other"))
    assert run_mirror(server, other).games > 0
    assert mirrored(server) == sources(league.platform.conn)


@pytest.mark.slow
def test_audit_and_verify_find_nothing_in_a_mirror(league: Life) -> None:
    platform = league.platform
    run_mirror(platform.server, platform.server)
    assert [finding for finding in broken(platform.conn, *rule_files()) if "mirror" in finding.object] == []


def test_mirror_has_exactly_the_columns_that_staging_reads(built: Platform) -> None:
    found = built.rows(
        "select distinct s.nspname || '.' || t.relname as source, a.attname as column from pg_class as v "
        "join pg_rewrite as w on w.ev_class = v.oid "
        "join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refobjsubid > 0 "
        "join pg_class as t on t.oid = d.refobjid and d.refclassid = 'pg_class'::regclass "
        "join pg_namespace as s on s.oid = t.relnamespace "
        "join pg_attribute as a on a.attrelid = t.oid and a.attnum = d.refobjsubid "
        "where v.relnamespace = 'staging'::regnamespace and v.relname ~ '^stg_'"
    )
    read = {(row["source"], row["column"]) for row in found}
    listed = {(table.source, column) for table in TABLES for column in table.columns}
    keys = {(table.source, column) for table in TABLES for column in table.key}
    assert read <= listed
    assert listed - keys <= read


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("rounds", [2, pytest.param(16, marks=pytest.mark.exhaustive)])
def test_marts_of_a_mirror_equal_marts_of_the_sources(
    unloaded_platform: Maker, warehouse: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    """Both are built incrementally. Every fourth build contains two changes, and a tenant is added half-way."""
    league = play("random", 8, 7001, seed=21)
    folder = Path(os.environ["DBT_TARGET_PATH"])

    def build_mirrored(**options: Any) -> BuildResult:
        with monkeypatch.context() as patch:
            patch.setenv("DBT_TARGET_PATH", str(folder / "mirrored"))  # dbt parses a project again for other schemas
            report = build(platform.server, marts_dsn=warehouse.dsn, **options)
        assert not report.failed, "\n".join(node.message for node in report.failed)
        return report

    with unloaded_platform(tmp_path, league) as platform, psycopg.connect(warehouse.dsn, autocommit=True) as conn:
        marts = Platform(warehouse, conn, tmp_path, {})

        def builds_are_equal() -> bool:
            platform.build(test=False)
            build_mirrored(test=False)
            return platform.digests() == marts.digests()

        steps = Steps(begin(platform, league, tmp_path))
        for number in range(rounds):
            steps.advance()
            if number % 4 == 0:
                steps.advance()
            if number == rounds // 2:
                later = play("later", 2, 7001, seed=23)
                add_league(platform, later)
                begin(platform, later, tmp_path, cup=False)
            assert builds_are_equal()
        assert rounds < 15 or steps.is_complete()
        assert marts.rows("select count(*) as n from marts.fact_event")[0]["n"] > 2000
        assert marts.rows("select count(*) as n from marts.fact_purchase_day")[0]["n"] > 0
        if rounds < 16:
            return
        assert build_mirrored().count("test")["passed"] > 50
        assert platform.digests() == marts.digests()
        assert build_mirrored().is_current
        build_mirrored(full_refresh=True, test=False)
        assert platform.digests() == marts.digests()
