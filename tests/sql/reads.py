"""Modules that record the rows that they read while they hold a lock for which writers wait."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from stanchion.deploy.modules import Module
from tests.sessions import Db

_RECORD = """
insert into public.read_under_lock (module, relation, mode, rows_read)
select '{module}', s.relid::regclass::text, l.mode, s.seq_tup_read + coalesce(s.idx_tup_fetch, 0)
from pg_stat_xact_all_tables as s
join pg_locks as l on l.relation = s.relid and l.pid = pg_backend_pid() and l.granted
where s.schemaname not like 'pg\\_%'
and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock');
"""


def recorded(modules: Sequence[Module]) -> list[Module]:
    """Return the modules, of which each with a transaction ends it with a record of its reads."""
    return [
        replace(module, text=module.text + _RECORD.format(module=module.name)) if module.in_transaction else module
        for module in modules
    ]


def begin_record(db: Db) -> None:
    forget_earlier_reads(db)
    db.execute("create table public.read_under_lock (module text, relation text, mode text, rows_read bigint)")
    db.execute("grant insert on public.read_under_lock to public")


def forget_earlier_reads(db: Db) -> None:
    """Let the server count from zero: it adds up the reads of the transactions of one second."""
    db.execute("select pg_stat_force_next_flush()")


def end_record(db: Db) -> list[tuple[Any, ...]]:
    """Return module, relation and number of rows for each lock, the largest number first, and drop the record."""
    reads = db.execute("select module, relation, rows_read from public.read_under_lock order by 3 desc").fetchall()
    db.execute("drop table public.read_under_lock")
    return reads
