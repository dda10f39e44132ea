"""stanchion partitions adopt partitions a table beside its writers, and can be killed at any time."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from stanchion.partitions import adopt as adoption
from tests.conftest import Outcome
from tests.sessions import Db

from .conftest import TODAY, Run, day, set_clock
from .test_killed import FORK, kill_at_text

NOTE = """
    create schema club authorization stanchion_owner;
    set role stanchion_owner;
    create table club.note (
        note_id bigserial, noted_at {type} not null, body text not null default 'x',
        constraint body_short check (length(body) < 99),
        constraint note_pk primary key (noted_at, note_id)
    );
    comment on table club.note is 'One row per note.';
    create index note_body_idx on club.note (body);
    grant select, insert on club.note to stanchion_app;
    grant update (body) on club.note to stanchion_app;
    grant usage on sequence club.note_note_id_seq to stanchion_app;
    grant usage on schema club to stanchion_app;
    alter table club.note enable row level security, force row level security;
    create policy everyone on club.note for all to public using (body <> 'secret') with check (true);
    create policy owner_all on club.note for all to stanchion_owner using (true);
    insert into club.note (noted_at)
    select timestamptz '2026-01-31 23:59:59+00' + n * interval '1 day' from generate_series(0, 38) as n;
    insert into club.note (noted_at, body) values ('2026-02-28 12:00:00+00', 'secret');
    reset role;
"""
ADOPT = ("adopt", "club.note", "--by", "noted_at", "--period")


@pytest.fixture
def note(db: Db) -> Db:
    """Make the table club.note with 40 rows from 31 January to TODAY."""
    set_clock(db, f"{TODAY} 12:00:00+00")
    db.execute("delete from core.partition_set")
    db.execute(NOTE.format(type="timestamptz"))
    return db


def partitions(db: Db) -> list[tuple[str, str, str]]:
    rows = db.execute(
        "select day::text, until::text, child from core.partition where relation = 'club.note' order by day"
    )
    return rows.fetchall()


def facts(db: Db) -> list[tuple[object, ...]]:
    """Return the rights, policies, columns, constraints, indexes, sequence and comment of club.note."""
    return db.execute(
        """
        select 'right', grantee, privilege_type from information_schema.role_table_grants
        where table_schema = 'club' and table_name = 'note'
        union all
        select 'right', grantee, privilege_type || ' ' || column_name from information_schema.column_privileges
        where table_schema = 'club' and table_name = 'note'
        union all
        select 'policy', policyname, concat(roles, cmd, qual, with_check) from pg_policies where schemaname = 'club'
        union all
        select 'column', attname, concat(atttypid::regtype, attnotnull, pg_get_expr(d.adbin, d.adrelid))
        from pg_attribute as a
        left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = 'club.note'::regclass and attnum > 0
        union all
        select 'constraint', conname, pg_get_constraintdef(oid) from pg_constraint
        where conrelid = 'club.note'::regclass
        union all
        select 'index', indexname, replace(indexdef, 'ONLY ', '') from pg_indexes where schemaname = 'club'
        union all
        select 'sequence', pg_get_serial_sequence('club.note', 'note_id'), null
        union all
        select 'comment', obj_description('club.note'::regclass), concat(relrowsecurity, relforcerowsecurity)
        from pg_class where oid = 'club.note'::regclass
        order by 1, 2, 3
        """
    ).fetchall()


@pytest.mark.parametrize(
    ("period", "until", "names"),
    [
        ("day", "2026-03-18", ["20260318"]),
        ("month", "2026-04-01", ["202604"]),
        ("year", "2027-01-01", ["2027"]),
    ],
)
def test_table_becomes_the_first_partition(period: str, until: str, names: list[str], note: Db, run: Run) -> None:
    before = facts(note)
    first = {"day": "2026-01-31", "month": "2026-01-01", "year": "2026-01-01"}[period]
    planned = {"relation": "club.note", "column": "noted_at", "period": period, "first": first, "until": until}
    assert json.loads(run(*ADOPT, period, "--dry-run", "--json").out) == planned | {"dry_run": True}
    assert (facts(note), partitions(note)) == (before, [])
    outcome = run(*ADOPT, period, "--json")
    assert json.loads(outcome.out) == planned | {"dry_run": False}
    assert "exchanging the tables" in outcome.err
    assert facts(note) == before, "rights, policies, constraints, indexes and comments stay"
    assert partitions(note)[0] == (first, until, "parts.club__note__adopted")
    assert [child.rsplit("__", 1)[1] for _, _, child in partitions(note)[1:]] == names
    note.execute("insert into club.note (noted_at) values (%s)", [until])
    assert note.execute("select count(*), max(note_id) from club.note").fetchone() == (41, 41)


def test_adopted_rows_are_hidden_and_under_the_policies(note: Db, run: Run, make_login: Callable[..., str]) -> None:
    assert run(*ADOPT, "month").code == 0
    with psycopg.connect(make_login("stanchion_app"), autocommit=True) as conn:
        assert conn.execute("select count(*) from club.note").fetchone() == (39,), "one row is secret"
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("select from parts.club__note__adopted")
    found = note.execute(
        "select relrowsecurity, relforcerowsecurity, relacl::text, "
        "(select count(*) from pg_policy where polrelid = c.oid), "
        "(select count(*) from pg_attribute where attrelid = c.oid and attacl <> '{}') "
        "from pg_class as c where oid = 'parts.club__note__adopted'::regclass"
    ).fetchone()
    assert found == (True, True, "{}", 0, 0)


def test_adopted_rows_expire_and_return(note: Db, dsn: str, run: Run) -> None:
    """The first partition expires with its last day, although its name does not contain its days."""
    run(*ADOPT, "month", "--days-kept", "30")
    set_clock(note, "2026-04-30 12:00:00+00")
    assert run("expire", "--json").days == []
    set_clock(note, "2026-05-01 00:00:00+00")
    note.execute("update core.partition_set set keep_detached = true")
    assert run("expire", "--json").days == [("club.note", "2026-01-01", "detached")]
    kept = note.execute("select day::text, until::text from core.expired_partition").fetchall()
    assert kept == [("2026-01-01", "2026-04-01")]


@pytest.mark.parametrize(
    ("kind", "zone"),
    [("timestamptz", "Pacific/Auckland"), ("timestamp", "Pacific/Honolulu"), ("date", "Pacific/Auckland")],
)
def test_bounds_are_days_of_utc(kind: str, zone: str, db: Db, dsn: str, run: Run) -> None:
    set_clock(db, f"{TODAY} 12:00:00+00")
    db.execute("delete from core.partition_set; set timezone = 'UTC'")
    db.execute(NOTE.format(type=kind))
    db.execute(f"alter database {db.info.dbname} set timezone = '{zone}'")
    assert run(*ADOPT, "day").code == 0
    assert partitions(db)[0][:2] == ("2026-01-31", "2026-03-18")


PROBLEMS = {
    "create table club.reply (at timestamptz, n bigint, foreign key (at, n) references club.note)": "points at it",
    "alter table club.note drop constraint note_pk, add primary key (note_id)": "does not contain noted_at",
    "create unique index note_body_key on club.note (note_id)": "does not contain noted_at",
    "create view club.all_notes as select * from club.note": "it has rules, or views or functions that use it",
    "alter table club.note owner to postgres": "alter table club.note owner to stanchion_owner",
    "alter table club.note add column n bigint generated always as identity": "identity column",
    "create trigger t before update on club.note "
    "for each row execute function suppress_redundant_updates_trigger()": "has the trigger t",
    "create table club.more () inherits (club.note)": "by inheritance",
    "alter table club.note alter noted_at type text": "expected date, timestamp or timestamptz",
    "alter table club.note rename noted_at to written_at": "it has no column noted_at",
    "alter table club.note set unlogged": "is not a plain logged table",
    "alter table club.note add constraint late check (note_id > 0) not valid": "validate constraint late",
    "create publication notes for table club.note": "the publication notes contains it",
    "insert into club.note (noted_at) values ('infinity')": "contains infinity",
    "alter table club.note drop constraint note_pk, alter noted_at drop not null; "
    "insert into club.note (noted_at) values (null)": "contains null",
    "drop table club.note": "it does not exist",
}


@pytest.mark.parametrize("statement", PROBLEMS)
def test_table_that_cannot_be_adopted_is_refused_in_a_sentence(statement: str, note: Db, run: Run) -> None:
    note.execute(statement)
    outcome = run(*ADOPT, "month")
    assert outcome.code == 1
    assert PROBLEMS[statement] in outcome.err
    assert "Traceback" not in outcome.err
    assert note.execute("select from pg_constraint where conname = 'stanchion_adopt'").fetchall() == []


@pytest.mark.parametrize("name", ["note", "club.note; drop table club.note", 'club."note"', "", "club.note.note"])
def test_hostile_name_is_refused(name: str, note: Db, run: Run) -> None:
    outcome = run("adopt", name, "--by", "noted_at", "--period", "day")
    assert outcome.code == 1
    assert "its name must be SCHEMA.TABLE" in outcome.err
    assert run("adopt", "club.note", "--by", 'noted_at" > now(); --', "--period", "day").code == 1
    assert note.execute("select count(*) from club.note").fetchone() == (40,)


def test_adopted_table_is_not_adopted_again(note: Db, run: Run) -> None:
    run(*ADOPT, "month")
    outcome = run(*ADOPT, "month")
    assert outcome.code == 1
    assert "it is partitioned already" in outcome.err


class Writer(threading.Thread):
    """Inserts rows without a pause, and records the longest wait."""

    def __init__(self, dsn: str) -> None:
        super().__init__(daemon=True)
        self.dsn, self.ended, self.took = dsn, threading.Event(), list[float]()
        self.error: psycopg.Error | None = None

    def run(self) -> None:
        try:
            with psycopg.connect(self.dsn, autocommit=True) as conn:
                while not self.ended.is_set():
                    started = time.monotonic()
                    conn.execute("insert into club.note (noted_at) values (%s)", [day(0)])
                    self.took.append(time.monotonic() - started)
        except psycopg.Error as e:
            self.error = e


def test_writers_go_on_and_lose_no_row(note: Db, dsn: str, run: Run) -> None:
    note.execute("insert into club.note (noted_at) select '2026-03-01' from generate_series(1, 200000)")
    writers = [Writer(dsn) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        assert run(*ADOPT, "month").code == 0
        before = sum(len(writer.took) for writer in writers)
        until = time.monotonic() + 60
        while sum(len(writer.took) for writer in writers) < before + 10:
            assert time.monotonic() < until, "the writers do not go on"
    finally:
        for writer in writers:
            writer.ended.set()
    for writer in writers:
        writer.join(60)
        assert writer.error is None, writer.error
    print(f"\nlongest wait of a writer: {max(max(each.took) for each in writers) * 1000:.0f} ms")  # noqa: T201 - for pytest -s
    written = sum(len(writer.took) for writer in writers)
    assert note.execute("select count(*) from club.note").fetchone() == (200040 + written,)


def adopt_until_killed(dsn: str, words: str, during: bool) -> None:
    def work() -> None:
        kill_at_text(words, during)()
        with psycopg.connect(f"{dsn} options='-c timezone=UTC'", autocommit=True, prepare_threshold=None) as conn:
            planned = adoption.plan_adoption(conn, "club.note", "noted_at", "month", 7)
            adoption.adopt(conn, planned, 7, None, lambda _: None)

    process = FORK.Process(target=work)
    process.start()
    process.join(120)
    assert process.exitcode is not None
    assert process.exitcode < 0, "the process was not killed"


@pytest.mark.parametrize("during", [False, True], ids=["before", "during"])
@pytest.mark.parametrize(
    "words", ["add constraint", "validate constraint", "core.adopt_table", "core.ensure_partitions"]
)
def test_killed_adoption_is_continued(words: str, during: bool, note: Db, dsn: str, run: Run) -> None:
    before = facts(note)
    adopt_until_killed(dsn, words, during)
    note.execute("insert into club.note (noted_at) values (%s)", [day(1)])
    set_clock(note, "2026-04-02 12:00:00+00")
    assert run(*ADOPT, "month").code == 0
    assert facts(note) == before
    assert note.execute("select count(*) from club.note").fetchone() == (41,)
    found = partitions(note)
    assert [until for _, until, _ in found[:-1]] == [first for first, _, _ in found[1:]], "no gap"
    note.execute("insert into club.note (noted_at) values ('2026-04-02')")


def test_reader_in_a_transaction_delays_the_adoption_only(note: Db, dsn: str, run: Run) -> None:
    """The exchange gives up its place in the queue, so that writers wait for one lock timeout at most."""
    with psycopg.connect(dsn) as reader, ThreadPoolExecutor(1) as pool, psycopg.connect(dsn, autocommit=True) as writer:
        reader.execute("select count(*) from club.note")
        adopting = pool.submit(run, *ADOPT, "month")
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if note.execute("select 1 from pg_locks where not granted and mode = 'AccessExclusiveLock'").fetchone():
                break
        writer.execute("set lock_timeout = '30s'")
        writer.execute("insert into club.note (noted_at) values (%s)", [day(0)])
        assert not adopting.done(), "the insert waited until the adoption had ended"
        reader.rollback()
        outcome: Outcome = adopting.result(60)
    assert outcome.code == 0, outcome.err
    assert note.execute("select count(*) from club.note").fetchone() == (41,)


def test_two_adoptions_at_once_adopt_once(note: Db, dsn: str, run: Run) -> None:
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda _: run(*ADOPT, "month"), range(2)))
    assert sorted(each.code for each in outcomes) == [0, 1]
    assert len(partitions(note)) == 2
