"""Measure the most frequent queries of analysts with many tenants under row-level security."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import median, quantiles
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from stanchion.access.analysts import add_analyst, revoke_analyst
from stanchion.dev.bench.compare import Result
from stanchion.dev.bench.scratch import Scratch, scratch_database
from stanchion.marts import build
from stanchion.paths import query
from stanchion.progress import Report
from stanchion.server.connection import Connection
from stanchion.server.locate import Server

LOGIN = "stanchion_bench_analyst"


@dataclass(frozen=True)
class Question:
    name: str
    bar_ms: float
    sql: str


QUESTIONS = (
    Question("a box score", 10, "select * from marts.fact_player_game where game_key = %(game)s"),
    Question(
        "a player's last twenty games",
        10,
        "select * from marts.fact_player_game where person_key = %(person)s order by played_on desc limit 20",
    ),
    Question(
        "a player's page: season, form, splits",
        50,
        "select season_key, game_type, opponent_team_key, side, count(*), sum(goals), sum(points), sum(seconds), "
        "sum(points) filter (where nth <= 5) as form from "
        "(select p.*, row_number() over (order by played_on desc) as nth "
        "from marts.fact_player_game as p where person_key = %(person)s) as p group by 1, 2, 3, 4",
    ),
    Question(
        "a season's leaders",
        100,
        "select s.* from marts.fact_player_season as s "
        "where s.season_key = %(season)s and s.game_type = 'All' order by s.points_rank limit 20",
    ),
    Question(
        "standings",
        100,
        "select * from marts.standings where season_key = %(season)s and game_type = 'Regular' order by place",
    ),
)


def seed(conn: Connection, *, rows: int, tenants: int) -> None:
    """Fill the empty marts with rows of `tenants` tenants."""
    for name, number in (("rows", rows), ("tenants", tenants)):
        conn.execute("select set_config(%s, %s, false)", [f"bench.{name}", str(number)])
    conn.execute(query("dev/bench", "marts").encode())
    for name in ("fact_player_game", "fact_team_game", "dim_person", "dim_team", "dim_league_rules"):
        conn.execute(f"vacuum (analyze) marts.{name}".encode())


def sizes(conn: Connection) -> dict[str, str]:
    """Return the slugs of the median tenant, the tenant at the 95th percentile, and the largest tenant."""
    found = conn.execute(
        "select t.slug from (select tenant_id, count(*) as n from marts.fact_player_game group by tenant_id) as c "
        "join core.tenant as t using (tenant_id) order by c.n, t.slug"
    ).fetchall()
    slugs = [row[0] for row in found]
    return {"median": slugs[len(slugs) // 2], "95th percentile": slugs[len(slugs) * 95 // 100], "biggest": slugs[-1]}


@contextmanager
def reading(server: Server, conn: Connection, slugs: list[str]) -> Iterator[psycopg.Connection[Any]]:
    """Connect as an analyst who reads these tenants."""
    password = add_analyst(conn, LOGIN, slugs)
    try:
        with psycopg.connect(make_conninfo(server.dsn, user=LOGIN, password=password), autocommit=True) as reader:
            yield reader
    finally:
        revoke_analyst(conn, LOGIN, [])


def example(reader: psycopg.Connection[Any]) -> dict[str, Any]:
    """Return a game, a person and a season that the reader can see."""
    row = reader.execute("select game_key, person_key, season_key from marts.fact_player_game limit 1").fetchone()
    return dict(zip(("game", "person", "season"), row or (None,) * 3, strict=True))


def measure(server: Server, *, rows: int, seconds: float, report: Report) -> list[Result]:
    """Measure every query for a tenant of each size."""
    results = []
    with scratch_database(server) as scratch:
        own = _server(server, scratch)
        report("empty marts")
        build(own, test=False)
        report(f"{rows:,} rows of 10,000 tenants")
        seed(scratch.conn, rows=rows, tenants=10_000)
        for size, slug in sizes(scratch.conn).items():
            with reading(own, scratch.conn, [slug]) as reader:
                values = example(reader)
                for question in QUESTIONS:
                    results.append(ask(reader, question, values, size, seconds))
            report(f"the {size} tenant")
    return results


def _server(server: Server, scratch: Scratch) -> Server:
    return replace(server, dsn=make_conninfo(server.dsn, dbname=scratch.conn.info.dbname))


def ask(
    reader: psycopg.Connection[Any], question: Question, values: dict[str, Any], size: str, seconds: float
) -> Result:
    times: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until or len(times) < 20:
        began = time.perf_counter()
        reader.execute(question.sql.encode(), values).fetchall()
        times.append(1000 * (time.perf_counter() - began))
    p95 = quantiles(times, n=20)[-1]
    return Result(
        what=f"{question.name}, {size} tenant",
        clients=1,
        per_second=1000 * len(times) / sum(times),
        p50_ms=median(times),
        p95_ms=p95,
        ratio=question.bar_ms / p95,
        bar=1.0,
    )
