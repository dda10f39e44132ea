"""The marts are compared cell by cell with the official figures in the source of a game."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from stanchion.access.reader import open_tenant
from stanchion.cli.main import main
from stanchion.ingest.loading.publish import accept
from stanchion.ingest.loading.session import open_session
from stanchion.report.league import league_page
from stanchion.server.connection import connect, for_tenant
from tests.marts.platform import Platform
from tests.marts.test_numbers import marts_of

SLUG, GAME = "theirs", "1001"
MODELS = ("fact_game_quality+", "fact_official_agreement")
COLUMNS = {
    "player": ("goals", "assists", "shots_on_goal", "penalty_minutes", "plus_minus", "faceoffs_won", "seconds"),
    "goalie": ("shots_against", "saves", "goals_against", "seconds", "decision"),
    "team": ("goals", "score_for", "shots_on_goal", "penalty_minutes"),
}
FACTS = ("fact_player_game", "fact_goalie_game", "fact_team_game", "fact_pair_game")


@pytest.fixture
def booked(built: Platform) -> Platform:
    """A platform where the source of a game has an official book that equals the marts."""
    with for_tenant(built.conn, SLUG):
        for scope, names in COLUMNS.items():
            player = "''" if scope == "team" else "m.player_key"
            built.conn.execute(
                f"insert into contest.official_figure (game_key, scope, side, player_key, period, name, value) "
                f"select m.game_key, %s, m.side, {player}, 0, n.name, to_jsonb(m) ->> n.name "
                f"from marts.fact_{scope}_game as m cross join unnest(%s::text[]) as n (name) "
                f"where m.tenant_id = core.current_tenant() and m.game_key = %s and to_jsonb(m) ->> n.name is not null",
                [scope, list(names), GAME],
            )
        built.conn.execute(
            "insert into contest.official_figure (game_key, scope, side, player_key, period, name, value) "
            "select m.game_key, 'period', m.side, '', p.period, 'goals', "
            "coalesce(m.goals_by_period ->> p.period::text, '0') "
            "from marts.fact_team_game as m cross join generate_series(1, 4) as p (period) "
            "where m.tenant_id = core.current_tenant() and m.game_key = %s",
            [GAME],
        )
    return built


def change(platform: Platform, scope: str, side: str, player: str, name: str, value: str, period: int = 0) -> None:
    with for_tenant(platform.conn, SLUG):
        platform.conn.execute(
            "insert into contest.official_figure (game_key, scope, side, player_key, period, name, value) "
            "values (%s, %s, %s, %s, %s, %s, %s) on conflict on constraint official_figure_pk "
            "do update set value = excluded.value",
            [GAME, scope, side, player, period, name, value],
        )


def set_lacks(platform: Platform, *lacks: str) -> None:
    with for_tenant(platform.conn, SLUG):
        platform.conn.execute("update contest.fixture set lacks = %s where game_key = %s", [list(lacks), GAME])


def trust(platform: Platform, *columns: str) -> None:
    with for_tenant(platform.conn, SLUG):
        platform.conn.execute(
            "select core.set_tenant_config('contest', 'trusted_columns', %s, '2020-01-01')", [json.dumps(columns)]
        )


def differences(platform: Platform) -> list[tuple[Any, ...]]:
    rows = marts_of(platform, SLUG, GAME, "fact_official_difference")
    names = ("scope", "side", "player_key", "period", "name", "official_value", "counted_value")
    return sorted(tuple(row[name] for name in names) for row in rows)


def skater(platform: Platform) -> tuple[str, dict[str, Any]]:
    rows = marts_of(platform, SLUG, GAME, "fact_player_game")
    row = max(rows, key=lambda each: (each["side"] == "home", each["shots_on_goal"], each["player_key"]))
    return row["player_key"], row


def test_equal_figures_have_no_difference(booked: Platform) -> None:
    booked.build(*MODELS, full_refresh=True)
    assert differences(booked) == []
    rows = marts_of(booked, SLUG, GAME, "fact_official_agreement")
    assert {row["scope"] for row in rows} == {"player", "goalie", "team", "period"}
    assert all(row["cells"] == row["equal_cells"] > 0 for row in rows)
    stored = booked.rows("select count(*) as n from contest.official_figure where game_key = %s", GAME)
    assert sum(row["cells"] for row in rows) == stored[0]["n"]


def test_each_difference_has_both_values(booked: Platform) -> None:
    player, row = skater(booked)
    change(booked, "player", "home", player, "shots_on_goal", str(row["shots_on_goal"] + 1))
    change(booked, "team", "away", "", "no_such_column", "3")
    change(booked, "goalie", "home", "77", "decision", "OTL")
    change(booked, "period", "home", "", "goals", "9", period=9)
    booked.build(*MODELS, full_refresh=True)
    assert differences(booked) == sorted(
        [
            ("player", "home", player, 0, "shots_on_goal", str(row["shots_on_goal"] + 1), str(row["shots_on_goal"])),
            ("team", "away", "", 0, "no_such_column", "3", None),
            ("goalie", "home", "77", 0, "decision", "OTL", None),
            ("period", "home", "", 9, "goals", "9", "0"),
        ]
    )
    (agreement,) = (
        row
        for row in marts_of(booked, SLUG, GAME, "fact_official_agreement")
        if (row["scope"], row["name"]) == ("player", "shots_on_goal")
    )
    assert agreement["cells"] == agreement["equal_cells"] + 1


def test_figures_that_the_source_does_not_record_are_not_compared(booked: Platform) -> None:
    set_lacks(booked, "faceoffs", "penalties")
    booked.build(full_refresh=True)
    names = {(row["scope"], row["name"]) for row in marts_of(booked, SLUG, GAME, "fact_official_agreement")}
    assert {("player", "faceoffs_won"), ("player", "penalties"), ("team", "power_plays")}.isdisjoint(names)
    for mart, columns in (("player", ("penalties",)), ("team", ("penalties", "power_plays", "power_plays_against"))):
        for row in marts_of(booked, SLUG, GAME, f"fact_{mart}_game"):
            assert {row[column] for column in columns} == {None}, mart
    assert {("player", "goals"), ("player", "seconds"), ("goalie", "seconds")} <= names
    assert differences(booked) == []


def test_difference_in_a_trusted_column_withdraws_the_trust(booked: Platform) -> None:
    player, row = skater(booked)
    change(booked, "player", "home", player, "shots_on_goal", str(row["shots_on_goal"] + 1))
    trust(booked, "penalty_minutes")
    booked.build("fact_game_quality+", full_refresh=True)
    assert [each["is_trusted"] for each in marts_of(booked, SLUG, GAME, "fact_game_quality")] == [True]
    trust(booked, "shots_on_goal", "penalty_minutes")
    booked.build("fact_game_quality+", full_refresh=True)
    (quality,) = marts_of(booked, SLUG, GAME, "fact_game_quality")
    assert (quality["is_trusted"], quality["is_counted"]) == (False, False)
    assert quality["reason"] == "Official figures differ: shots_on_goal (1)."
    assert [each["is_trusted"] for each in marts_of(booked, SLUG, GAME, "dim_game")] == [False]
    for mart in FACTS:
        assert {each["is_counted"] for each in marts_of(booked, SLUG, GAME, mart)} == {False}, mart
    assert {each["is_counted"] for each in marts_of(booked, "ours", GAME, "fact_player_game")} == {True}


def test_accepted_game_stays_trusted_in_an_increment(booked: Platform) -> None:
    """The increment also gives the same rows as a full refresh."""
    player, row = skater(booked)
    change(booked, "player", "home", player, "shots_on_goal", str(row["shots_on_goal"] + 1))
    trust(booked, "shots_on_goal")
    booked.build(full_refresh=True)
    assert [each["is_trusted"] for each in marts_of(booked, SLUG, GAME, "fact_game_quality")] == [False]
    with open_session(booked.server, SLUG) as session:
        accept(session, GAME, "The book has a shot too many.")
    booked.build()
    assert [each["is_counted"] for each in marts_of(booked, SLUG, GAME, "fact_game_quality")] == [True]
    assert len(differences(booked)) == 1
    before = booked.digests()
    booked.build(full_refresh=True)
    assert booked.digests() == before


def test_command_and_report_show_the_agreement(booked: Platform) -> None:
    player, row = skater(booked)
    counted = row["shots_on_goal"]
    change(booked, "player", "home", player, "shots_on_goal", str(counted + 1))
    booked.build(*MODELS, full_refresh=True)
    (total,) = booked.rows("select sum(cells) as n from marts.fact_official_agreement where game_key = %s", GAME)
    expected = (
        f"{total['n'] - 1:,} of {total['n']:,} cells equal; 1 differs: "
        f"shots_on_goal home #{player}: {counted + 1} official, {counted} counted"
    )
    run = run_command(booked)
    lines = run("games", "quality", "--tenant", SLUG).splitlines()
    assert [line for line in lines if expected in line and line.startswith(GAME)]
    found = {game["game"]: game["official"] for game in json.loads(run("games", "quality", "--tenant", SLUG, "--json"))}
    assert found[GAME]["cells"] == total["n"]
    assert [game for game, official in found.items() if official] == [GAME, "1002"]
    assert found["1002"]["differences"][0].startswith("goals home: 99 official, ")
    with connect(booked.server) as conn, open_tenant(booked.server, conn, SLUG) as (reader, tenant):
        page = league_page(reader, tenant)
    assert expected in page
    assert 'data-mart="fact_official_agreement"' in page


def run_command(platform: Platform) -> Callable[..., str]:
    def run(*args: str) -> str:
        runner = CliRunner(env={"DATABASE_URL": platform.server.dsn})
        done = runner.invoke(main, args, prog_name="stanchion", catch_exceptions=False)
        assert done.exit_code == 0, done.stderr
        return done.stdout

    return run
