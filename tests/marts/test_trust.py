"""A game that is not trusted is never counted, also while the marts are built and after a killed build."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.marts.platform import Platform
from tests.marts.test_official import GAME, SLUG, change, skater, trust
from tests.marts.test_official import booked as booked

MARTS = (
    "dim_game", "fact_game_quality", "fact_player_game", "fact_goalie_game", "fact_team_game", "fact_pair_game",
)  # fmt: skip
# rows of one game that are counted, whatever its quality is
COUNTED = " union all ".join(
    f"select '{mart}' as mart, count(*) from marts.{mart} join core.tenant using (tenant_id) "
    f"where slug = '{SLUG}' and game_key = '{GAME}' and is_counted having count(*) > 0"
    for mart in MARTS
)
# counted rows of games of which the same snapshot contains that they are not counted
CONTRADICTIONS = " union all ".join(
    f"select '{mart}' as mart, count(*) from marts.{mart} as m left join marts.fact_game_quality as q "
    f"on q.tenant_id = m.tenant_id and q.game_key = m.game_key "
    f"where m.is_counted and q.is_counted is not true having count(*) > 0"
    for mart in MARTS
)
KILLED_AFTER = """
import os, signal, sys
from stanchion.marts import build
from stanchion.server.locate import Server
dsn, mart, full_refresh = sys.argv[1:]
def kill(node):
    if node.name == f"marts.{mart}":
        os.kill(os.getpid(), signal.SIGKILL)
build(Server(dsn, "--dsn", embedded=False, description=""), full_refresh=bool(full_refresh), on_node=kill)
"""


class Poller(threading.Thread):
    """A reader who runs a query in a loop and keeps each answer that has rows."""

    def __init__(self, dsn: str, statement: str) -> None:
        super().__init__(daemon=True)
        self.dsn, self.statement = dsn, statement
        self.over = threading.Event()
        self.answers = 0
        self.found: list[object] = []

    def run(self) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as conn:
            while not self.over.is_set():
                self.found += conn.execute(self.statement.encode()).fetchall()
                self.answers += 1
                self.over.wait(0.005)


@contextmanager
def polling(platform: Platform, *statements: str) -> Iterator[None]:
    """Run the queries in loops during the block, and require that they never have rows."""
    pollers = [Poller(platform.server.dsn, statement) for statement in statements]
    for poller in pollers:
        poller.start()
    try:
        yield
    finally:
        for poller in pollers:
            poller.over.set()
            poller.join()
    assert [poller.found[:5] for poller in pollers] == [[] for _ in pollers]
    assert all(poller.answers > 5 for poller in pollers)


def forget(platform: Platform) -> None:
    """Delete the game from the marts, as if it were new."""
    for mart in MARTS:
        platform.conn.execute(
            f"delete from marts.{mart} as m using core.tenant as t "
            "where t.tenant_id = m.tenant_id and t.slug = %s and m.game_key = %s",
            [SLUG, GAME],
        )


def damage(platform: Platform) -> None:
    """Let an official figure differ from the marts, in a column that the league requires to be equal."""
    player, row = skater(platform)
    change(platform, "player", "home", player, "shots_on_goal", str(row["shots_on_goal"] + 1))
    trust(platform, "shots_on_goal")


@pytest.mark.slow
@pytest.mark.long
def test_no_reader_sees_a_game_counted_whose_figures_differ(booked: Platform) -> None:
    damage(booked)
    forget(booked)
    with polling(booked, COUNTED, CONTRADICTIONS):
        booked.build("fact_game_quality+", full_refresh=True)  # the game is new
        booked.build("fact_game_quality+", full_refresh=True)  # its rows are replaced
    assert booked.rows("select count(*) as n from marts.fact_team_game where game_key = %s", GAME)[0]["n"] == 4


def test_rows_of_a_game_stop_counting_with_its_quality(booked: Platform) -> None:
    """The official score changes, so the rows that the marts already have must not be counted any more."""
    league = booked.leagues[SLUG]
    league.official[int(GAME)] = (19, 0)
    league.schedule(booked.server, league.games[:1])
    assert booked.rows(COUNTED)
    with polling(booked, CONTRADICTIONS):
        booked.build(test=False)
    assert booked.rows(COUNTED) == []


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(
    "mart",
    [
        pytest.param("fact_game_quality", marks=pytest.mark.exhaustive),
        "fact_team_game",
        pytest.param("fact_official_agreement", marks=pytest.mark.exhaustive),
    ],
)
def test_killed_build_counts_no_game_whose_figures_differ(booked: Platform, mart: str) -> None:
    damage(booked)
    forget(booked)
    killed(booked, mart, full_refresh=True)
    assert booked.rows(COUNTED) == []
    assert booked.rows(CONTRADICTIONS) == []
    booked.build(full_refresh=True)
    whole = booked.digests()
    league = booked.leagues[SLUG]
    league.schedule(booked.server, league.games[:1])
    killed(booked, mart, full_refresh=False)
    assert booked.rows(COUNTED) == []
    booked.build()
    assert booked.digests() == whole


def killed(platform: Platform, mart: str, *, full_refresh: bool) -> None:
    """Build in a process of its own that is killed as soon as this mart is written."""
    command = [sys.executable, "-c", KILLED_AFTER, platform.server.dsn, mart, "yes" if full_refresh else ""]
    assert subprocess.run(command, env=os.environ, stdout=subprocess.DEVNULL, check=False).returncode == -9
    platform.conn.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'stanchion build'"
    )
    platform.settle()
