"""Leagues in a deployed database to load into, and digests of the rows that must not depend on how they were loaded."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from stanchion.cli.main import main
from stanchion.ingest.loading.run import LoadResult, load
from stanchion.ingest.loading.schedule import load_schedule
from stanchion.ingest.loading.session import open_session
from stanchion.server.connection import acting_for
from stanchion.server.locate import Server
from tests.conftest import Outcome

# columns that differ between two loads of the same files
LEFT_OUT = {"tenant_id", "load_id", "received_at"}
TABLES = (
    "contest.season", "contest.team", "contest.person", "contest.fixture", "contest.roster_entry", "contest.play_event",
    "contest.play_participant", "contest.play_point", "contest.stint", "contest.stint_player", "contest.game_quality",
    "contest.official_figure", "landing.revision", "landing.part", "landing.schedule",
)  # fmt: skip


class League:
    """A tenant, with methods that load files for it and read its rows."""

    def __init__(self, db: psycopg.Connection[Any], dsn: str, slug: str) -> None:
        self.db, self.dsn, self.slug = db, dsn, slug
        self.server = Server(dsn, "test", embedded=False, description="test")
        self.id = str(db.execute("select core.create_tenant(%s, %s, 'league')", [slug, slug]).fetchone()[0])

    def load(self, *paths: Path, **options: Any) -> LoadResult:
        return load(self.server, self.slug, tuple(map(str, paths)), **options)

    def schedule(self, text: str) -> LoadResult:
        with open_session(self.server, self.slug) as session:
            return load_schedule(session, "games.csv", text.encode(), lambda _: None)

    def set(self, key: str, value: str, *since: str) -> None:
        with acting_for(self.db, self.id):
            placeholders = ", %s" * (2 + len(since))
            self.db.execute(f"select core.set_tenant_config('contest'{placeholders})", [key, value, *since])

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of the tenant. A where clause is appended to `statement`."""
        return self.db.execute(f"{statement} where tenant_id = %s", [self.id]).fetchall()

    def one(self, statement: str) -> Any:
        (row,) = self.rows(statement)
        return row[0] if len(row) == 1 else row

    def published(self, game: Any = 18001) -> int | None:
        """Return the number of published events of a game, or None when the game is not published."""
        row = self.db.execute(
            "select f.content_hash is not null, "
            "(select count(*) from contest.play_event as e "
            "where e.tenant_id = f.tenant_id and e.game_key = f.game_key) "
            "from contest.fixture as f where f.tenant_id = %s and f.game_key = %s",
            [self.id, str(game)],
        ).fetchone()
        return row[1] if row and row[0] else None

    def table(self, name: str, without: str = "^$") -> list[str]:
        """Return the rows of a table as text, without LEFT_OUT and the columns whose names match `without`."""
        columns = [
            column
            for (column,) in self.db.execute(
                "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped "
                "and attname !~ %s order by attnum",
                [name, without],
            )
            if column not in LEFT_OUT
        ]
        listed = ", ".join(columns)
        found = self.db.execute(f"select row({listed})::text from {name} where tenant_id = %s order by 1", [self.id])
        return [row[0] for row in found]

    def digest(self) -> dict[str, str]:
        return {name: hashlib.sha256("\n".join(self.table(name)).encode()).hexdigest() for name in TABLES}


@pytest.fixture
def make_league(db: psycopg.Connection[Any], dsn: str) -> Callable[[str], League]:
    return lambda slug: League(db, dsn, slug)


@pytest.fixture
def league(make_league: Callable[[str], League]) -> League:
    return make_league("harbour")


def wait_until_alone(league: League) -> None:
    """Wait until the database has no session of a loader. Then its locks are free and its counts are complete."""
    others = (
        "select exists (select from pg_stat_activity "
        "where datname = current_database() and application_name = 'stanchion')"
    )
    while league.db.execute(others).fetchone() != (False,):
        time.sleep(0.002)


@pytest.fixture
def stanchion(dsn: str) -> Callable[..., Outcome]:
    """Return a function that runs the command line in this process, which takes half a second less than a new one."""

    def run(*args: str, database_url: str = dsn, stdin: str = "") -> Outcome:
        runner = CliRunner(env={"DATABASE_URL": database_url})
        done = runner.invoke(main, args, input=stdin, prog_name="stanchion", catch_exceptions=False)
        return Outcome(done.exit_code, done.stdout, done.stderr)

    return run
