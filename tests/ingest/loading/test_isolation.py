"""A load for one tenant cannot read or write rows of another, and secrets in a file are never stored."""

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from stanchion.ingest.loading.run import load
from stanchion.ingest.loading.session import open_session
from stanchion.server.locate import Server
from tests.conftest import run_stanchion

from . import tiny
from .conftest import TABLES, League
from .exports import CANARY, export, stint, write


def test_loader_cannot_read_or_write_another_tenant(
    make_league: Callable[[str], League],
    make_login: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tiny.register(monkeypatch)
    ours, theirs = make_league("ours"), make_league("theirs")
    forged = export(
        events=30, tenant_id=theirs.id, tenantId=theirs.id, home=f"Kestrels'); set app.tenant_id = '{theirs.id}"
    )
    theirs.load(write(tmp_path / "theirs", export()))
    before = theirs.digest()
    (write(tmp_path / "ours", forged) / "bad.json").write_text("{")
    ours.load(tmp_path / "ours")
    ours.load(tiny.write(tmp_path / "parts", *map(tiny.document, tiny.KINDS)))
    ours.schedule(f"game_id,date,home,away,season\n18001,2026-01-10,{theirs.id},Ferrymen,2026\n")
    assert theirs.digest() == before
    assert (ours.published(), theirs.published()) == (30, 20)

    with open_session(
        Server(make_login("stanchion_loader"), "test", embedded=False, description="test"), ours.id
    ) as session:
        for table in (*TABLES, "landing.load_batch", "landing.file", "landing.reject"):
            name = sql.Identifier(*table.split("."))
            with session.transaction() as conn:
                found = conn.execute(sql.SQL("select 1 from {} where tenant_id = %s").format(name), [theirs.id])
                assert found.fetchall() == [], table
            copy = sql.SQL(
                "insert into {0} select (jsonb_populate_record(t, jsonb_build_object('tenant_id', %s::text))).* "
                "from {0} as t"
            )
            with pytest.raises(psycopg.errors.InsufficientPrivilege), session.transaction() as conn:
                conn.execute(copy.format(name), [theirs.id])
                raise AssertionError(f"{table} allowed the insert, or has no row to copy")
        ((game, day),) = theirs.rows("select game_key, played_on from contest.fixture")  # ours has a game with this id
        for table in ("play_event", "stint", "roster_entry", "game_quality", "fixture"):
            with session.transaction() as conn:
                conn.execute("select contest.remove_rows(%s, %s, %s)", [table, game, day])
        for table in ("team", "point_entry", None):
            with (
                pytest.raises(psycopg.errors.InvalidParameterValue, match="no rows of table"),
                session.transaction() as conn,
            ):
                conn.execute("select contest.remove_rows(%s, %s)", [table, game])
    assert theirs.digest() == before


def test_loader_login_can_load_by_tenant_id(league: League, make_login: Callable[..., str], tmp_path: Path) -> None:
    login = Server(make_login("stanchion_loader"), "test", embedded=False, description="test")
    folder = write(tmp_path / "a", export())
    assert load(login, league.id, (str(folder),)).state == "done"
    assert league.published() == 20


@pytest.mark.parametrize("role", ["stanchion_app", "stanchion_analyst", "stanchion_builder"])
def test_other_roles_cannot_load(
    role: str, league: League, make_login: Callable[..., str], stanchion: Callable[..., Any], tmp_path: Path
) -> None:
    folder = write(tmp_path / "a", export())
    done = stanchion("load", str(folder), "--tenant", league.id, database_url=make_login(role))
    assert done.code == 1
    assert "stanchion login add NAME --as loader" in done.err or "refused" in done.err
    assert league.rows("select 1 from contest.fixture") == []


def test_load_of_another_tenant_cannot_be_joined_or_ended(
    make_league: Callable[[str], League], make_login: Any
) -> None:
    ours, theirs = make_league("ours"), make_league("theirs")
    login = Server(make_login("stanchion_loader"), "test", embedded=False, description="test")
    with open_session(login, theirs.id) as victim, open_session(login, ours.id) as session:
        load_id = victim.begin_load("games", "theirs")
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
            session.join_load(load_id)
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState), session.transaction() as conn:
            conn.execute("select landing.finish_load(%s, 'done', '{}', 0, 0)", [load_id])
    with open_session(login, ours.id) as session, session.transaction() as conn:
        assert conn.execute("select landing.reap_loads()").fetchone() == (
            0,
        )  # the load is dead, but belongs to another tenant
    assert theirs.one("select state from landing.load_batch") == "running"
    with open_session(login, theirs.id) as session:
        session.begin_load("games", "again")
    assert sorted(theirs.rows("select state from landing.load_batch")) == [("reaped",), ("running",)]


def test_horizon_waits_for_every_running_load(league: League) -> None:
    def horizon() -> int:
        return int(league.db.execute("select landing.closed_horizon()").fetchone()[0])

    assert horizon() == 0
    with open_session(league.server, "harbour") as slow, open_session(league.server, "harbour") as fast:
        first, second = slow.begin_load("games", "slow"), fast.begin_load("games", "fast")
        with fast.transaction() as conn:
            conn.execute("select landing.finish_load(%s, 'done', '{}', 0, 0)", [second])
        assert (first < second, horizon()) == (True, first - 1)
        with slow.transaction() as conn:
            conn.execute("select landing.reap_loads()")
        assert horizon() == first - 1
    while horizon() != second:  # the server notices a closed session after a moment
        league.db.execute("select landing.reap_loads()")


def test_doctor_names_a_dead_load(league: League, stanchion: Callable[..., Any]) -> None:
    with open_session(league.server, "harbour") as session:
        load_id = session.begin_load("games", "dies")
        assert f"Load {load_id}" not in stanchion("doctor").out
    while league.db.execute("select exists (select from pg_locks where locktype = 'advisory')").fetchone()[0]:
        pass
    assert f"Load {load_id}" in stanchion("doctor").out


def test_loader_creates_partitions_of_game_days_only(league: League, make_login: Callable[..., str]) -> None:
    login = Server(make_login("stanchion_loader"), "test", embedded=False, description="test")
    with open_session(login, league.id) as session:
        with session.transaction() as conn:
            assert conn.execute("select contest.ensure_game_days('{1987-03-04,2027-02-03}')").fetchone() == (10,)
            assert conn.execute("select contest.ensure_game_days('{1987-03-04,2027-02-03}')").fetchone() == (0,)
        for days in ("{1803-01-01}", "{infinity}", "{2199-01-01}", "{NULL}"):
            with pytest.raises(psycopg.errors.InvalidParameterValue), session.transaction() as conn:
                conn.execute("select contest.ensure_game_days(%s::date[])", [days])
        with pytest.raises(psycopg.errors.InvalidParameterValue), session.transaction() as conn:
            conn.execute(
                "select contest.ensure_game_days(array(select date '2020-01-01' + n from generate_series(0, 200) as n))"
            )
        for statement in (
            "create table contest.mine (a int)",
            "select core.ensure_partitions('contest.stint', '2020-01-01', '2020-01-01')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), session.transaction() as conn:
                conn.execute(statement)


def test_settings_are_never_stored_logged_or_printed(league: League, tmp_path: Path, cluster: Any) -> None:
    damaged = export(events=10)
    damaged["events"][3]["type"] = None
    damaged["shifts"].append(stint(0) | {"start_time": "0:10", "end_time": "5:00"})
    odd = export(18002) | {"autoSettings": {"k": CANARY}, "events": {"settings": CANARY}, "homeTeam": {"x": CANARY}}
    cut = json.dumps(export(18003))
    folder = write(tmp_path / "a", damaged, odd, export(18004, events=0))
    (folder / "cut.json").write_text(cut[: cut.index('"settings"') + 120])
    (folder / "twice.json").write_text(json.dumps(export(18005))[:-1] + f', "settings": "{CANARY}"}}')
    name = conninfo_to_dict(league.dsn)["dbname"]
    league.db.execute(sql.SQL("alter database {} set log_statement = 'all'").format(sql.Identifier(str(name))))
    log_before = log_size(league, cluster)
    for arguments in (
        ["load", str(folder)],
        ["load", str(folder), "--json"],
        ["games", "rejects", "--json"],
        ["games", "rejects"],
        ["games", "loads"],
    ):
        done = run_stanchion(*arguments, "--tenant", "harbour", database_url=league.dsn)
        assert CANARY not in done.out + done.err
    assert league.published() == 9
    assert scan(league) > 50
    assert CANARY.encode() not in read_log(league, cluster, log_before)


def scan(league: League) -> int:
    """Search all values of all tables, decompressed where necessary. Return the number of values."""
    tables = league.db.execute(
        "select format('%I.%I', n.nspname, c.relname) "
        "from pg_class as c join pg_namespace as n on n.oid = c.relnamespace "
        "where c.relkind in ('r', 'p', 'm') and not c.relispartition "
        "and n.nspname not in ('pg_catalog', 'information_schema')"
    ).fetchall()
    seen = 0
    for (table,) in tables:
        for row in league.db.execute(f"select * from {table}"):
            for value in row:
                seen += 1
                assert CANARY.encode() not in unpacked(value), table
    return seen


def unpacked(value: Any) -> bytes:
    if isinstance(value, bytes):
        try:
            return zlib.decompress(value)
        except zlib.error:
            return value
    return str(value).encode(errors="replace")


def log_file(league: League, cluster: Any) -> Path:
    data = Path(league.db.execute("show data_directory").fetchone()[0])
    found = sorted([*data.glob("**/*.log"), *data.parent.glob("*.log"), *data.glob("log/*")])
    assert found, f"no log beside {data}"
    return found[-1]


def log_size(league: League, cluster: Any) -> int:
    return log_file(league, cluster).stat().st_size


def read_log(league: League, cluster: Any, start: int) -> bytes:
    logged = log_file(league, cluster).read_bytes()[start:]
    assert b"landing.revision" in logged, "the statements are not in the log"
    return logged
