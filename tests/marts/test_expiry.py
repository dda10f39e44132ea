"""Builds keep the rows of games whose partitions have expired, and compute all other games."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from stanchion.cli.main import main
from stanchion.dev.sample.files import export
from stanchion.ingest.loading.publish import accept, publish, withdraw
from stanchion.ingest.loading.session import open_session
from tests.marts.platform import Platform

TABLES = [f"contest.{name}" for name in ("play_event", "play_participant", "play_point", "stint", "stint_player")]
OLD = ("1001", "1002", "1003")  # of the first three days; the league plays a game a day


def expire(platform: Platform, *tables: str) -> list[tuple[str, str, str]]:
    """Expire the partitions up to 3 January and return the outcome of each."""
    platform.conn.execute(
        "update core.partition_set set days_kept = core.utc_day(core.clock()) - date '2026-01-04' "
        "where relation = any (%s)",
        [list(tables or TABLES)],
    )
    said = CliRunner().invoke(main, ["--dsn", platform.server.dsn, "partitions", "expire", "--json"])
    days = [day for day in json.loads(said.stdout)["days"] if day["relation"] in TABLES]
    return [(day["relation"], str(day["day"]), day["outcome"]) for day in days]


def marts_of(platform: Platform, *games: str) -> dict[str, Any]:
    """Return the number of rows and a checksum of the games in each mart."""
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
    """Return the number of events of a game in contest.play_event and in marts.fact_event."""
    statement = "join core.tenant as t using (tenant_id) where t.slug = %s and game_key = %s"
    (row,) = platform.rows(
        f"select (select count(*) from contest.play_event {statement}) as stored, "
        f"(select count(*) from marts.fact_event {statement}) as in_marts",
        *(slug, game) * 2,
    )
    return row["stored"], row["in_marts"]


@pytest.fixture
def expired(built: Platform) -> Iterator[Platform]:
    """Two leagues; the partitions of the first three days of their games have expired."""
    dropped = expire(built)
    assert {outcome for _, _, outcome in dropped} == {"dropped"}
    assert sorted(dropped) == sorted((name, f"2026-01-0{day}", "dropped") for name in TABLES for day in (1, 2, 3))
    yield built


@pytest.mark.slow
def test_a_full_refresh_keeps_expired_games(expired: Platform) -> None:
    before = expired.digests()
    assert counts(expired, "1001")[0] == 0
    assert counts(expired, "1001")[1] > 100
    standings = expired.rows("select * from marts.standings order by tenant_id, season_key, game_type, team_key")
    expired.conn.execute("update marts.fact_event set is_goal = false where game_key = '1004'")
    expired.conn.execute("update marts.fact_player_game set goals = 0 where game_key = '1004'")
    expired.build(full_refresh=True)
    assert expired.digests() == before, "games that have not expired must be computed again"
    assert standings == expired.rows(
        "select * from marts.standings order by tenant_id, season_key, game_type, team_key"
    )


@pytest.mark.slow
def test_a_change_of_an_expired_game_keeps_its_rows(expired: Platform) -> None:
    before = marts_of(expired, *OLD)
    league = expired.leagues["ours"]
    league.official |= {1001: (8, 0), 1004: (8, 0)}
    league.schedule(expired.server, [league.games[0], league.games[3]])
    with open_session(expired.server, "ours") as session:
        accept(session, "1002", "So it was.")
    expired.build()
    assert marts_of(expired, *OLD) == before
    official = "select official_home from marts.fact_game_quality where game_key = '1004' and official_home = 8"
    assert len(expired.rows(official)) == 1, "a game that has not expired must be computed again"
    after = expired.digests()
    expired.build(full_refresh=True, test=False)
    assert expired.digests() == after


@pytest.mark.slow
def test_a_withdrawn_game_is_deleted_after_expiry(expired: Platform) -> None:
    with open_session(expired.server, "ours") as session:
        withdraw(session, "1001", None)
    expired.build()
    assert counts(expired, "1001") == (0, 0)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_game_with_some_expired_tables_is_kept(built: Platform) -> None:
    before = built.digests()
    assert expire(built, "contest.stint", "contest.stint_player")
    built.build(full_refresh=True, test=False)  # the same rows, which have passed the tests
    assert built.digests() == before


@pytest.mark.slow
def test_publishing_restores_one_expired_game(expired: Platform) -> None:
    """Other games of the same day stay expired."""
    before = expired.digests()
    (row,) = expired.rows(
        "select encode(f.content_hash, 'hex') as hash "
        "from contest.fixture as f join core.tenant as t using (tenant_id) where t.slug = 'ours' "
        "and f.game_key = '1001'"
    )
    with open_session(expired.server, "ours") as session:
        publish(session, "1001", row["hash"], quarantined=False, reason=None)
    stored, in_marts = counts(expired, "1001")
    assert stored == in_marts > 100
    assert counts(expired, "1001", "theirs")[0] == 0, "a game of the same day must stay expired"
    assert {outcome for *_, outcome in expire(expired)} == {"kept"}, (
        "the partition must be kept until the marts contain the game"
    )
    expired.build()
    assert expired.digests() == before
    expired.build(full_refresh=True, test=False)
    assert expired.digests() == before
    assert {outcome for *_, outcome in expire(expired)} == {"dropped"}


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_newer_revision_of_an_expired_game_is_built(expired: Platform, tmp_path: Path) -> None:
    league = expired.leagues["ours"]
    game = league.games[0]
    league.trees[game.game_id] = export(game) | {"events": export(game)["events"][:1400]}
    league.load(expired.server, tmp_path, [game], accept_shrink=True)
    expired.build()
    assert counts(expired, "1001") == (1400, 1400)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_rescheduled_expired_game_is_read_from_the_archive(expired: Platform) -> None:
    in_marts = counts(expired, "1001")[1]
    league = expired.leagues["ours"]
    league.days[1001] = date(2026, 1, 20)
    league.schedule(expired.server, [league.games[0]])
    expired.build()
    assert counts(expired, "1001") == (in_marts, in_marts)
    (row,) = expired.rows(
        "select distinct played_on from marts.fact_event join core.tenant as t using (tenant_id) "
        "where t.slug = 'ours' and game_key = '1001'"
    )
    assert row["played_on"] == date(2026, 1, 20)
