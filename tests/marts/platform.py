"""Fixtures with the marts of two leagues. They are built once; each test gets a copy of the database.

All databases have the same name, one after another, because dbt's parsed project depends on the name of the database,
and parsing it again would take longer than a test.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from stanchion.cli.demo import use_workspace
from stanchion.marts import build
from stanchion.marts.run import BuildResult
from stanchion.paths import ROOT, query
from stanchion.server.connection import for_tenant
from stanchion.server.locate import Server
from tests.marts.league import League, play, quirky

NAME = "marts"


@dataclass
class Platform:
    """A deployed database with leagues in it."""

    server: Server
    conn: psycopg.Connection[Any]
    folder: Path
    leagues: dict[str, League]

    def build(self, *selection: str, **options: Any) -> BuildResult:
        report = build(self.server, selection, **options)
        assert not report.failed, "\n".join(node.message for node in report.failed)
        return report

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        return self.conn.cursor(row_factory=dict_row).execute(statement, values or None).fetchall()

    def settle(self, sessions: str = "application_name = 'stanchion build'") -> None:
        """Wait until the server has ended these sessions (default: of dbt). A session counts its reads as it ends."""
        while self.rows(f"select from pg_stat_activity where datname = current_database() and {sessions}"):
            time.sleep(0.01)
        self.rows("select pg_stat_force_next_flush()")

    def digests(self) -> dict[str, str]:
        """Return a checksum of each mart that does not depend on the order of its rows."""
        names = [
            row["name"]
            for row in self.rows(
                "select format('%s.%s', n.nspname, c.relname) as name from pg_class as c "
                "join pg_namespace as n on n.oid = c.relnamespace "
                "where n.nspname in ('marts', 'staging') and c.relkind in ('r', 'p') and not c.relispartition"
            )
        ]
        found = {}
        for name in sorted(names):
            statement = (
                f"select md5(coalesce(string_agg(md5(t::text), '' order by md5(t::text)), '')) as d from {name} as t"
            )
            found[name] = str(self.rows(statement)[0]["d"])
        return found


@pytest.fixture(scope="session", autouse=True)
def _dbt_writes_elsewhere() -> Iterator[None]:
    folder = Path(tempfile.mkdtemp(prefix="stanchion-dbt-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_TARGET_PATH", str(folder))
        yield
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _database(cluster: Any, template: str) -> Iterator[str]:
    with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as admin:
        admin.execute(f"drop database if exists {NAME} with (force)")
        admin.execute(f"create database {NAME} template {template}")
        # grants on a database are not copied with a template
        admin.execute(
            f"grant temporary on database {NAME} "
            "to stanchion_app, stanchion_loader, stanchion_builder, stanchion_analyst"
        )
        try:
            yield cluster.dsn(NAME)
        finally:
            admin.execute(f"drop database if exists {NAME} with (force)")


@contextmanager
def copy_of(cluster: Any, template: str, folder: Path) -> Iterator[Platform]:
    """Yield a copy of a database, which is dropped at the end."""
    with _database(cluster, template) as dsn, _platform(dsn, folder) as platform:
        yield platform


def _administer(cluster: Any, statement: str) -> None:
    with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as admin:
        admin.execute(statement)


@contextmanager
def _platform(dsn: str, folder: Path) -> Iterator[Platform]:
    with psycopg.connect(dsn, autocommit=True) as conn:
        yield Platform(Server(dsn, "--dsn", embedded=False, description="the server of the test"), conn, folder, {})


def _add(platform: Platform, league: League) -> None:
    platform.conn.execute("select core.create_tenant(%s, %s, 'league')", [league.slug, league.slug.title()])
    platform.leagues[league.slug] = league


def _book(platform: Platform, league: League) -> None:
    """Give the source of one game official figures that differ from the marts: no tracked game has so many goals."""
    with for_tenant(platform.conn, league.slug):
        platform.conn.execute(
            "insert into contest.official_figure (game_key, scope, side, player_key, period, name, value) "
            "select '1002', 'team', side, '', 0, 'goals', '99' from unnest(array['home', 'away']) as side"
        )


def _sell(platform: Platform) -> None:
    """Give both leagues a shop in which an item was sold out yesterday."""
    clock = (ROOT / "sql" / "core" / "time" / "clock.sql").read_text(encoding="utf-8")
    platform.conn.execute(
        clock.replace("return clock_timestamp()", "return clock_timestamp() - interval '1 day'").encode()
    )
    for slug in ("ours", "theirs"):
        with platform.conn.transaction():
            platform.conn.execute(
                "select set_config('app.tenant_id', tenant_id::text, true) from core.tenant where slug = %s", [slug]
            )
            platform.conn.execute(
                "with added as materialized (select stock.add_item('Scarf', 12.50, 3) as item) "
                "select stock.buy(item, qty, 'order ' || qty) from added, generate_series(3, 5) as qty order by qty"
            )
    platform.conn.execute(clock.encode())


@pytest.fixture(scope="session")
def _built_template(_empty_template: str, cluster: Any) -> Iterator[tuple[str, dict[str, League]]]:
    """A template database with two leagues whose marts are built, and a league without games."""
    folder = Path(tempfile.mkdtemp(prefix="stanchion-marts-"))
    with _database(cluster, _empty_template) as dsn:
        with _platform(dsn, folder) as platform:
            _add(platform, play("ours", 6, 1001, seed=3, change=quirky))
            _add(platform, play("theirs", 4, 1001, seed=4))  # the same game ids as ours
            _add(platform, League("nobody", []))
            ours, theirs = platform.leagues["ours"], platform.leagues["theirs"]
            ours.official[1005] = (9, 9)  # differs from the tracked score
            close = theirs.games[3].truth.score  # only the away side differs
            theirs.official[1004] = (sum(close["home"].values()), sum(close["away"].values()) + 1)
            for league in (ours, theirs):
                league.schedule(platform.server)
                league.load(platform.server, folder)
                _book(platform, league)
                use_workspace(platform.conn, league.slug)
                with for_tenant(platform.conn, league.slug):
                    platform.conn.execute(query("dev/sample", "cup").encode())
            _sell(platform)
            platform.build()
            leagues = platform.leagues
        _administer(cluster, f"create database marts_template template {NAME}")
    yield "marts_template", leagues
    _administer(cluster, "drop database marts_template with (force)")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def built(_built_template: Any, cluster: Any, tmp_path: Path) -> Iterator[Platform]:
    """A copy of the database with two leagues and their marts, which the test may change."""
    template, leagues = _built_template
    with _database(cluster, template) as dsn, _platform(dsn, tmp_path) as platform:
        for league in leagues.values():
            trees, official = dict(league.trees), dict(league.official)
            platform.leagues[league.slug] = League(league.slug, list(league.games), trees, official, saved=league.saved)
        yield platform


@pytest.fixture(scope="session")
def _empty_template(deployed: Any, cluster: Any) -> Iterator[str]:
    """A template database with empty marts and no tenants."""
    with _database(cluster, deployed.template_dbname) as dsn:
        with _platform(dsn, Path()) as platform:
            platform.build(test=False)
        _administer(cluster, f"create database marts_empty template {NAME}")
    yield "marts_empty"
    _administer(cluster, "drop database marts_empty with (force)")


Maker = Callable[..., AbstractContextManager[Platform]]


def _maker(cluster: Any, template: str) -> Maker:
    @contextmanager
    def make(folder: Path, *leagues: League) -> Iterator[Platform]:
        with _database(cluster, template) as dsn, _platform(dsn, folder) as platform:
            for league in leagues:
                _add(platform, league)
            yield platform

    return make


@pytest.fixture(scope="session")
def fresh_platform(deployed: Any, cluster: Any) -> Maker:
    """Return a context manager for a deployed database with the leagues as tenants and without loads."""
    return _maker(cluster, deployed.template_dbname)


@pytest.fixture(scope="session")
def unloaded_platform(_empty_template: str, cluster: Any) -> Maker:
    """Return a context manager for a database with empty marts, with the leagues as tenants and without loads."""
    return _maker(cluster, _empty_template)


@pytest.fixture
def empty_platform(unloaded_platform: Maker, tmp_path: Path) -> Iterator[Platform]:
    """A copy of the database with empty marts and no tenants."""
    with unloaded_platform(tmp_path) as platform:
        yield platform


@pytest.fixture
def analyst(built: Platform) -> Iterator[psycopg.Connection[Any]]:
    """Connection of an analyst who is granted the tenant `ours` only."""
    from stanchion.access.analysts import add_analyst, revoke_analyst

    password = add_analyst(built.conn, "marts_analyst", ["ours"])
    dsn = psycopg.conninfo.make_conninfo(built.server.dsn, user="marts_analyst", password=password)
    try:
        with psycopg.connect(dsn, autocommit=True) as conn:
            yield conn
    finally:
        revoke_analyst(built.conn, "marts_analyst", [])
