"""What the marts hold of games whose day has expired stays, whatever is built; all else goes on as before."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from stanchion.cli.main import main
from stanchion.dev.sample.files import export
from stanchion.ingest.loading.people import accept, publish, withdraw
from stanchion.ingest.loading.session import open_session
from tests.marts.platform import Platform

TABLES = [f"contest.{name}" for name in ("play_event", "play_participant", "play_point", "stint", "stint_player")]
OLD = ("1001", "1002", "1003")  # of the first three days; the league plays a game a day


def expire(platform: Platform, *tables: str) -> list[tuple[str, str, str]]:
    """The third of January and what came before it goes; what became of each day that was due."""
    platform.conn.execute(
        "update core.partition_set set days_kept = core.utc_day(core.clock()) - date '2026-01-04' "
        "where relation = any (%s)",
        [list(tables or TABLES)],
    )
    said = CliRunner().invoke(main, ["--dsn", platform.server.dsn, "partitions", "expire", "--json"])
    days = [day for day in json.loads(said.stdout)["days"] if day["relation"] in TABLES]
    return [(day["relation"], str(day["day"]), day["outcome"]) for day in days]


def marts_of(platform: Platform, *games: str) -> dict[str, Any]:
    """What each mart has of these games."""
    tables = platform.rows(
        "select format('%I.%I', n.nspname, c.relname) as name from pg_class as c "
        "join pg_namespace as n on n.oid = c.relnamespace "
        "join pg_attribute as a on a.attrelid = c.oid and a.attname = 'game_key' "
        "where n.nspname in ('marts', 'staging') and c.relkind in ('r', 'p') and not c.relispartition "
        "and c.relname !~ 'competition' order by 1"
    )
    assert len(tables) > 10
    return {
        row["name"]: platform.rows(
            "select count(*) as n, md5(string_agg(md5(t::text), '' order by md5(t::text))) as d "
            f"from {row['name']} as t where game_key = any (%s)",
            list(games),
        )
        for row in tables
    }


def counts(platform: Platform, game: str, slug: str = "ours") -> tuple[int, int]:
    """Events of a game that there are, and that the marts hold."""
    statement = "join core.tenant as t using (tenant_id) where t.slug = %s and game_key = %s"
    (row,) = platform.rows(
        f"select (select count(*) from contest.play_event {statement}) as there, "
        f"(select count(*) from marts.fact_event {statement}) as held",
        *(slug, game) * 2,
    )
    return row["there"], row["held"]


@pytest.fixture
def expired(built: Platform) -> Iterator[Platform]:
    """The two leagues; the first three days of their games are gone."""
    dropped = expire(built)
    assert {outcome for _, _, outcome in dropped} == {"dropped"}
    assert sorted(dropped) == sorted((name, f"2026-01-0{day}", "dropped") for name in TABLES for day in (1, 2, 3))
    yield built


def test_a_full_refresh_keeps_what_the_marts_hold_of_expired_games(expired: Platform) -> None:
    before = expired.digests()
    assert counts(expired, "1001")[0] == 0
    assert counts(expired, "1001")[1] > 100
    standings = expired.rows("select * from marts.standings order by tenant_id, season_key, game_type, team_key")
    expired.conn.execute("update marts.fact_event set is_goal = false where game_key = '1004'")
    expired.conn.execute("update marts.fact_player_game set goals = 0 where game_key = '1004'")
    expired.build(full_refresh=True)
    assert expired.digests() == before, "the others were computed anew"
    assert standings == expired.rows(
        "select * from marts.standings order by tenant_id, season_key, game_type, team_key"
    )


def test_what_changes_about_an_expired_game_does_not_empty_it(expired: Platform) -> None:
    before = marts_of(expired, *OLD)
    league = expired.leagues["ours"]
    league.official |= {1001: (8, 0), 1004: (8, 0)}
    league.schedule(expired.server, [league.games[0], league.games[3]])
    with open_session(expired.server, "ours") as session:
        accept(session, "1002", "So it was.")
    expired.build()
    assert marts_of(expired, *OLD) == before
    official = "select official_home from marts.fact_game_quality where game_key = '1004' and official_home = 8"
    assert len(expired.rows(official)) == 1, "another game takes what is new"
    after = expired.digests()
    expired.build(full_refresh=True)
    assert expired.digests() == after


def test_a_game_that_was_withdrawn_goes_though_its_day_has_expired(expired: Platform) -> None:
    with open_session(expired.server, "ours") as session:
        withdraw(session, "1001", None)
    expired.build()
    assert counts(expired, "1001") == (0, 0)


def test_the_days_of_the_tables_may_go_one_after_the_other(built: Platform) -> None:
    before = built.digests()
    assert expire(built, "contest.stint", "contest.stint_player")
    built.build(full_refresh=True)
    assert built.digests() == before


def test_publishing_brings_an_expired_game_back_and_not_the_others_of_its_day(
    expired: Platform,
) -> None:
    before = expired.digests()
    (row,) = expired.rows(
        "select encode(f.content_hash, 'hex') as hash "
        "from contest.fixture as f join core.tenant as t using (tenant_id) where t.slug = 'ours' "
        "and f.game_key = '1001'"
    )
    with open_session(expired.server, "ours") as session:
        publish(session, "1001", row["hash"], quarantined=False, reason=None)
    there, held = counts(expired, "1001")
    assert there == held > 100
    assert counts(expired, "1001", "theirs")[0] == 0, "played on the same day"
    assert {outcome for *_, outcome in expire(expired)} == {"kept"}, "the marts have not taken it in"
    expired.build()
    assert expired.digests() == before
    expired.build(full_refresh=True)
    assert expired.digests() == before
    assert {outcome for *_, outcome in expire(expired)} == {"dropped"}


def test_a_newer_revision_of_an_expired_game_makes_its_day_again(expired: Platform, tmp_path: Path) -> None:
    league = expired.leagues["ours"]
    game = league.games[0]
    league.trees[game.game_id] = export(game) | {"events": export(game)["events"][:1400]}
    league.load(expired.server, tmp_path, [game], accept_shrink=True)
    expired.build()
    assert counts(expired, "1001") == (1400, 1400)


def test_an_expired_game_that_moves_comes_from_the_archive(expired: Platform) -> None:
    held = counts(expired, "1001")[1]
    league = expired.leagues["ours"]
    league.days[1001] = date(2026, 1, 20)
    league.schedule(expired.server, [league.games[0]])
    expired.build()
    assert counts(expired, "1001") == (held, held)
    (row,) = expired.rows(
        "select distinct played_on from marts.fact_event join core.tenant as t using (tenant_id) "
        "where t.slug = 'ours' and game_key = '1001'"
    )
    assert row["played_on"] == date(2026, 1, 20)
