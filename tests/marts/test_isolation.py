"""An analyst reads the marts of granted tenants only, also while the marts are built."""

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from stanchion.audit.rules import broken, rule_files
from stanchion.audit.run import audit
from tests.audit.test_isolation import attack_only as attack_only
from tests.audit.test_isolation import whole_or_part
from tests.marts.platform import Platform

MARTS = """
    select c.relname as name from pg_class as c
    where c.relnamespace = 'marts'::regnamespace and c.relkind in ('r', 'p', 'v') order by 1
"""


def names(platform: Platform) -> list[str]:
    return [row["name"] for row in platform.rows(MARTS)]


def ours(platform: Platform) -> Any:
    return platform.rows("select tenant_id from core.tenant where slug = 'ours'")[0]["tenant_id"]


def test_an_analyst_reads_only_the_granted_tenant(built: Platform, analyst: Any) -> None:
    marts = names(built)
    assert len(marts) >= 24
    for name in marts:
        seen = {row[0] for row in analyst.execute(f"select distinct tenant_id from marts.{name}").fetchall()}
        assert seen == {ours(built)}, name
        tenants = built.rows(f"select count(distinct tenant_id) as n from marts.{name}")[0]["n"]
        assert tenants >= 2, f"{name} must contain two tenants, or the test proves nothing"


def test_an_analyst_cannot_read_below_the_marts_or_write(built: Platform, analyst: Any) -> None:
    theirs = built.rows("select tenant_id from core.tenant where slug = 'theirs'")[0]["tenant_id"]
    analyst.execute(f"set app.tenant_id = '{theirs}'")
    assert {row[0] for row in analyst.execute("select tenant_id from marts.fact_event").fetchall()} == {ours(built)}
    parts = built.rows("select relname from pg_class where relnamespace = 'mart_parts'::regnamespace and relkind = 'r'")
    assert parts
    for place in (
        "staging.int_game",
        "staging.stg_contest__fixture",
        f"mart_parts.{parts[0]['relname']}",
        "contest.fixture",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            analyst.execute(f"select * from {place}")
    for statement in (
        "delete from marts.fact_event",
        "update marts.dim_team set team_name = ''",
        "truncate marts.dim_team",
    ):
        with pytest.raises(psycopg.errors.Error):
            analyst.execute("set default_transaction_read_only = off; " + statement)


def test_an_analyst_reads_the_age_of_marts_and_no_positions(built: Platform, analyst: Any) -> None:
    """A position is the number of a load, which would reveal the loads of other tenants."""
    ages = dict(analyst.execute("select model, refreshed_at from core.stat_refresh").fetchall())
    assert {f"marts.{name}" for name in names(built)} <= ages.keys()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        analyst.execute("select position from core.stat_refresh")


@pytest.mark.slow
def test_the_tenancy_rules_cover_the_marts(built: Platform) -> None:
    findings = broken(built.conn, *rule_files())
    assert [str(finding) for finding in findings] == []
    breaks = {
        "alter table marts.fact_event no force row level security": "marts.fact_event",
        "drop policy granted_tenants on marts.dim_team": "marts.dim_team",
        "alter policy granted_tenants on marts.dim_team using (true)": "marts.dim_team",
        "drop policy every_tenant on marts.dim_team": "marts.dim_team",
        "alter view marts.standings reset (security_invoker)": "marts.standings",
        "create index by_person on marts.fact_player_game (person_key)": "marts.fact_player_game",
        "grant usage on schema mart_parts to stanchion_analyst": "mart_parts",
        "grant usage on schema staging to stanchion_analyst": "staging",
        "grant select on staging.int_game to stanchion_analyst": "staging.int_game",
        "create table marts.loose as select * from marts.dim_team": "marts.loose",
        "grant insert on contest.fixture to stanchion_builder": "contest.fixture",
    }
    for statement, culprit in breaks.items():
        with built.conn.transaction(force_rollback=True):
            built.conn.execute(statement)
            found = broken(built.conn, *rule_files())
            assert any(finding.object.startswith(culprit) for finding in found), statement


@pytest.mark.slow
@pytest.mark.long
@whole_or_part
def test_the_audit_attacks_the_marts_without_findings(
    everything: bool, built: Platform, attack_only: Callable[..., None]
) -> None:
    if not everything:
        attack_only("marts.", "mart_parts.", "staging.", "pg_catalog.")  # the catalog has statistics about the marts
    report = audit(built.conn, built.server.dsn, lambda part: None)
    assert [str(finding) for finding in report.findings] == []
    assert built.rows("select count(*) as n from marts.dim_team where team_name like 'mark%'")[0]["n"] == 0


def test_a_dropped_mart_is_rebuilt_with_its_policies(built: Platform) -> None:
    """The policies are created in the transaction that creates the table."""
    built.conn.execute("drop table marts.fact_pair_game")
    built.build("fact_pair_game")
    assert broken(built.conn, *rule_files()) == []
    (row,) = built.rows("select count(*) as n from marts.fact_pair_game")
    assert row["n"] > 100


class Reader(threading.Thread):
    """An analyst who counts rows in a loop until the builds are over, and notes wrong counts and errors."""

    def __init__(self, dsn: str, tenant: Any, expected: dict[str, int]) -> None:
        super().__init__(daemon=True)
        self.dsn, self.expected = dsn, expected
        self.over = threading.Event()
        self.answers = 0
        self.wrong: list[Any] = []
        self.statement = " union all ".join(
            f"select '{name}', count(*), count(*) filter (where tenant_id <> '{tenant}') from marts.{name}"
            for name in expected
        )

    def run(self) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as conn:
            conn.execute("set lock_timeout = '5s'")  # a reader that waits for a build gets an error
            while not self.over.is_set():
                try:
                    for name, count, foreign in conn.execute(self.statement).fetchall():
                        if foreign or count != self.expected[name]:
                            self.wrong.append((name, count, foreign))
                except psycopg.Error as e:
                    self.wrong.append(str(e))
                self.answers += 1
                self.over.wait(0.005)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("rounds", [1, pytest.param(10, marks=pytest.mark.exhaustive)], ids=["2 builds", "20 builds"])
def test_readers_see_complete_marts_during_builds(built: Platform, analyst: Any, rounds: int) -> None:
    """Analysts who query during builds always see every row of their tenant and no other, without waiting."""
    marts = [name for name in names(built) if name not in ("head_to_head",) and not name.endswith("_season")]
    counts = {name: analyst.execute(f"select count(*) from marts.{name}").fetchone()[0] for name in marts}
    assert all(counts.values())
    password = "a-password-of-the-test"
    built.conn.execute(f"alter role marts_analyst password '{password}'")
    dsn = psycopg.conninfo.make_conninfo(built.server.dsn, user="marts_analyst", password=password)
    standings = {"standings": counts.pop("standings")}
    readers = [Reader(dsn, ours(built), expected) for expected in (counts, standings)]
    for reader in readers:
        reader.start()
    league = built.leagues["ours"]
    game = league.games[4]  # does not count, so the standings do not change
    answers = []  # of the readers, during each build

    def build(**options: Any) -> None:
        before = [reader.answers for reader in readers]
        built.build(test=False, **options)
        answers.extend(reader.answers - old for reader, old in zip(readers, before, strict=True))

    try:
        for number in range(rounds):
            build(full_refresh=True)
            league.official[game.game_id] = (20 + number, 1)
            league.schedule(built.server, [game])
            build()
    finally:
        for reader in readers:
            reader.over.set()
            reader.join()
    assert [reader.wrong[:3] for reader in readers] == [[], []]
    assert min(answers) > 5, answers
    (row,) = built.rows(
        "select official_home from marts.fact_game_quality join core.tenant using (tenant_id) "
        "where slug = 'ours' and game_key = '1005'"
    )
    assert row["official_home"] == 19 + rounds
