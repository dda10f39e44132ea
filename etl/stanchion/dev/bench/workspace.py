"""Measure workspaces of 10,000 tenants: requests of members, refreshes, presence, and the cost of counting uses."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from stanchion.dev.bench.compare import Alternative, Result, compare
from stanchion.dev.bench.load import find_pgbench
from stanchion.dev.bench.marts import Question, ask, reading
from stanchion.dev.bench.scratch import Scratch, scratch_database, settle
from stanchion.errors import StanchionError
from stanchion.marts import build
from stanchion.progress import Report
from stanchion.server.connection import Connection
from stanchion.server.locate import Server

_TABLES = ("core.membership", "core.principal", "workspace.usage_daily", "workspace.document", "workspace.dataset")
_HEARTBEATS = 50_000

KEYED = (
    Question("a member", 10, "select * from core.membership where principal_id = %(member)s"),
    Question("a document", 10, "select name, body from workspace.document where document_id = %(document)s"),
    Question("the latest 20 documents", 10, "select name from workspace.document order by updated_at desc limit 20"),
    Question("a day of usage", 10, "select * from workspace.usage_daily where used_on = current_date - 1"),
    Question("entitled", 10, "select workspace.entitled('assistant')"),
    Question("1,000 online", 10, "select * from workspace.online_batch(%(thousand)s)"),
    Question("tenant_stats, materialized", 10, "select * from workspace.tenant_stats"),
    Question("tenant_summary", 50, "select * from workspace.tenant_summary()"),
)
SEARCHES = (
    Question("search for a rare word", 200, "select * from workspace.search_documents('rarely')"),
    Question("search for two words", 200, "select * from workspace.search_documents('word7 word101')"),
    Question("search for a word in every tenth document", 200, "select * from workspace.search_documents('often')"),
    Question("search for a word in all documents", 200, "select * from workspace.search_documents('always')"),
)
AGGREGATIONS = (
    Question("tenant_stats_mart", 100, "select * from marts.tenant_stats_mart"),
    Question("usage_month", 100, "select month, sum(cost), sum(calls) from marts.usage_month group by month"),
    Question("usage by feature", 100, "select feature, sum(cost) from marts.fact_usage_day group by feature"),
)


def measure(server: Server, *, rows: int, seconds: float, report: Report) -> list[Result]:
    """Measure everything for a tenant of each size, under row-level security."""
    results: list[Result] = []
    with scratch_database(server) as scratch:
        report(f"{rows:,} uses and {rows // 5:,} members of 10,000 tenants")
        scratch.prepare("workspace", rows=rows)
        for table in _TABLES:
            settle(scratch.conn, table)
        results += _presence(scratch)
        slugs = _sizes(scratch.conn)
        for size, slug in slugs.items():
            with _acting(scratch, slug) as (app, values):
                for question in KEYED + (SEARCHES if size == "biggest" else ()):
                    results.append(ask(app, question, values, size, seconds))
            report(f"the {size} tenant")
        results += _kept(server, scratch, report)
        own = replace(server, dsn=make_conninfo(server.dsn, dbname=scratch.conn.info.dbname))
        for size, slug in slugs.items():
            with reading(own, scratch.conn, [slug]) as analyst:
                results += [ask(analyst, question, {}, size, seconds) for question in AGGREGATIONS]
    return results


def usage(server: Server, *, seconds: float, rounds: int, report: Report) -> list[Result]:
    """Compare counting in the transaction of each use with only inserting it, and with a job that counts later."""
    pgbench = find_pgbench(server.embedded)
    with scratch_database(server) as scratch:
        scratch.prepare("usage")
        results = []
        for clients in (1, 8):
            alternatives = [
                Alternative("insert of a use without checks", "write_use", scratch),
                Alternative("the same with the tenant's row locked, as a limit needs", "write_use_in_turn", scratch),
                Alternative("record_usage", "record_usage", scratch),
            ]
            results += compare(pgbench, alternatives, clients=clients, seconds=seconds, rounds=rounds, report=report)
        roll_up = (
            "select tenant_id, used_on, feature, count(*), sum(tokens), sum(cost), max(used_at) "
            "from workspace.usage_event group by 1, 2, 3"
        )
        (written,) = scratch.conn.execute("select count(*) from workspace.usage_event").fetchone() or (0,)
        return [
            *results,
            _timed(f"rollup of {written:,} uses by a job", 3, lambda: scratch.conn.execute(roll_up)),
        ]


def _sizes(conn: Connection) -> dict[str, str]:
    found = conn.execute(
        "select t.slug from (select tenant_id, count(*) as n from core.membership group by tenant_id) as c "
        "join core.tenant as t using (tenant_id) order by c.n, t.slug"
    ).fetchall()
    slugs = [row[0] for row in found]
    return {"median": slugs[len(slugs) // 2], "95th percentile": slugs[len(slugs) * 95 // 100], "biggest": "bench-0"}


@contextmanager
def _acting(scratch: Scratch, slug: str) -> Iterator[tuple[psycopg.Connection[Any], dict[str, Any]]]:
    """Connect as an application for a tenant; return the connection and example values."""
    row = scratch.conn.execute(
        "select t.tenant_id::text, m.principals[1], m.principals, "
        "(select d.document_id from workspace.document as d where d.tenant_id = t.tenant_id limit 1) "
        "from core.tenant as t cross join lateral (select array(select m.principal_id from core.membership as m "
        "where m.tenant_id = t.tenant_id limit 1000) as principals) as m where t.slug = %s",
        [slug],
    ).fetchone()
    tenant, member, thousand, document = row or ("", None, [], None)
    with psycopg.connect(make_conninfo(scratch.login, options=f"-c app.tenant_id={tenant}"), autocommit=True) as app:
        yield app, {"member": member, "document": document, "thousand": thousand}


def _presence(scratch: Scratch) -> list[Result]:
    """Flush fifty thousand heartbeats at once, first of new members and then of the same members."""
    scratch.conn.execute(
        "with added as (insert into core.principal (tenant_id, email, display_name) "
        "select %(tenant)s, 'beat' || n || '@example.org', 'x' from generate_series(1, %(count)s) as n "
        "returning tenant_id, principal_id) insert into core.membership (tenant_id, principal_id, role) "
        "select tenant_id, principal_id, 'viewer' from added",
        {"tenant": scratch.tenant, "count": _HEARTBEATS},
    )
    scratch.conn.execute("analyze core.membership")
    ids = scratch.conn.execute("select principal_id from core.membership where tenant_id = %s", [scratch.tenant])
    beats = json.dumps([{"principal_id": str(row[0])} for row in ids.fetchall()])
    with psycopg.connect(scratch.login, autocommit=True) as app:

        def flush() -> None:
            app.execute("select workspace.flush_presence(%s)", [beats])

        return [
            _timed(f"{_HEARTBEATS:,} heartbeats of new members", 1, flush, bar_ms=500),
            _timed(f"{_HEARTBEATS:,} heartbeats of the same members", 5, flush, bar_ms=500),
        ]


def _kept(server: Server, scratch: Scratch, report: Report) -> list[Result]:
    """Compare refreshing the materialized view with the increment of the mart."""
    own = replace(server, dsn=make_conninfo(server.dsn, dbname=scratch.conn.info.dbname))
    refresh = _timed(
        "refresh concurrently, all tenants", 3, lambda: scratch.conn.execute("select workspace.refresh_stats()")
    )
    report("the mart, whole")
    selection = ["+fact_usage_day", "+usage_month", "+tenant_stats_mart"]
    found = [refresh]
    for what in ("first build", "increment of a day"):
        result = build(own, selection, test=False)
        if result.failed:
            raise StanchionError(result.failed[0].message)
        found += [
            Result(f"{node.name}, {what}", 1, 1 / node.seconds, 1000 * node.seconds, 1000 * node.seconds, None, None)
            for node in result.nodes
            if node.name in ("marts.fact_usage_day", "marts.tenant_stats_mart")
        ]
        scratch.conn.execute(
            "insert into workspace.usage_daily as u (tenant_id, used_on, feature, calls, tokens, cost, last_used_at) "
            "select tenant_id, core.utc_day(core.clock()), 'assistant', 1, 1, 0.00045, core.clock() from core.tenant "
            "on conflict on constraint usage_daily_pk do update set calls = u.calls + 1, cost = u.cost + 0.00045"
        )
    for name in ("fact_usage_day", "tenant_stats_mart"):
        scratch.conn.execute(f"vacuum (analyze) marts.{name}".encode())
    return found


def _timed(what: str, times: int, call: Callable[[], Any], bar_ms: float | None = None) -> Result:
    """Return the median of a few calls, each of which is long enough to be timed alone."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        took.append(1000 * (time.perf_counter() - began))
    took.sort()
    middle, worst = took[len(took) // 2], took[-1]
    return Result(what, 1, 1000 / middle, middle, worst, bar_ms and bar_ms / worst, 1.0 if bar_ms else None)
