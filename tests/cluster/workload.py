"""The functions of Stanchion as their roles call them: one transaction per call, in the session of a real login.

Calls refer to rows of earlier calls by names in braces, which are looked up before the transaction begins: a query
among the arguments of a call would send the whole call to another node. `name := statement` keeps the first column of
a statement for the later statements of its call.
"""

import os
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg

from stanchion.access.logins import create_login
from tests.sessions import Db

ROLES = ("app", "worker", "dba", "loader", "analyst")
Logins = dict[str, tuple[str, str]]  # the name and the password of the login of a role
ANY = object()  # an answer that the workload does not check

# rows of earlier calls, which a superuser looks up
NAMES = {
    "item": "select item_id from stock.item where tenant_id = {tenant} and name = 'Chair {seed}'",
    "document": "select document_id from workspace.document where tenant_id = {tenant} and name = 'Herons {seed}'",
    "dataset": "select dataset_id from workspace.dataset where tenant_id = {tenant} and name = 'Set {seed}'",
    "member": "select principal_id from core.principal where tenant_id = {tenant} and email = 'm{seed}@example.org'",
    "other": "select principal_id from core.principal where tenant_id = {tenant} and email = 'o{seed}@example.org'",
    "team": "select min(team_key) from contest.entrant where tenant_id = {tenant} and competition_key = 'c{seed}'",
    "dead": "select min(job_id) from core.job_dead where tenant_id = {tenant} and queue = 'contest.confirm'",
    "subscription": "select min(subscription_id::text) from workspace.subscription where tenant_id = {tenant}",
}


@dataclass(frozen=True)
class Call:
    name: str
    role: str
    statements: tuple[str, ...]
    answer: Any = ANY  # the first column of the last statement
    scope: str = "tenant"  # node: the call is about all tenants; coordinator: about the whole cluster


@dataclass
class Outcome:
    call: Call
    answer: Any = None
    error: str | None = None
    shards: int = 0  # shards of distributed tables that the call read or wrote
    remote: list[str] = field(default_factory=list)  # statements that the entry node sent to other nodes

    @property
    def right(self) -> bool:
        return self.error is None and (self.call.answer is ANY or str(self.answer) == str(self.call.answer))

    def __str__(self) -> str:
        wrong = self.error or f"answered {self.answer!r} instead of {self.call.answer!r}"
        return f"{self.call.name}: {wrong}"


def uuid7() -> str:
    """Return a UUIDv7 of this moment."""
    octets = bytearray(int(time.time() * 1000).to_bytes(6, "big") + os.urandom(10))
    octets[6], octets[8] = octets[6] & 0x0F | 0x70, octets[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(octets)))


def calls(seed: str, tenant: str, slug: str) -> Iterator[Call]:
    """Yield the calls in their order. The seed makes the keys of a run differ from those of other runs."""
    s, key = seed, uuid7()
    yield from _core(s, tenant, key)
    yield from _jobs(s)
    yield from _stock(s)
    yield from _contest(s, tenant)
    yield from _workspace(s)
    yield from _operators(s, tenant)
    yield from _loads(s)
    yield Call("stock.wipe", "app", ("as {member}", f"select stock.wipe('{slug}')"), True)


def _core(s: str, tenant: str, key: str) -> Iterator[Call]:
    def claim(key: str, fingerprint: str = "f") -> str:
        return f"select outcome from core.claim_key('{key}', '{fingerprint}')"

    def append(expected: str, events: str) -> str:
        escaped = events.replace("{", "{{").replace("}", "}}")
        return f"select core.append_events('t', '{s}', {expected}, '{escaped}')"

    yield Call("core.claim_key text", "app", (claim(f"text {s}"),), "claimed")
    yield Call("core.claim_key uuid7", "app", (claim(key),), "claimed")
    yield Call("core.claim_key in progress", "app", (claim(f"text {s}"),), "in_progress")
    yield Call("core.claim_key in progress, uuid7", "app", (claim(key),), "in_progress")
    yield Call("core.claim_key mismatch", "app", (claim(f"text {s}", "g"),), "mismatch")
    yield Call("core.complete_key", "app", (f"select core.complete_key('text {s}', 1, 200, 'ok')",), True)
    yield Call("core.complete_key twice", "app", (f"select core.complete_key('text {s}', 1, 200, 'ok')",), False)
    yield Call("core.claim_key replay", "app", (claim(f"text {s}"),), "replay")
    two = f"array['k1 {s}', 'k2 {s}'], array[1, 1], 200, array['a', 'b']::bytea[]"
    yield Call(
        "core.complete_keys",
        "app",
        (claim(f"k1 {s}"), claim(f"k2 {s}"), f"select cardinality(core.complete_keys({two}))"),
        2,
    )
    yield Call(
        "core.append_events new",
        "app",
        (append("0", '[{"type": "a"}, {"type": "b", "payload": {"x": 1}}]'),),
        2,
    )
    yield Call("core.append_events any version", "app", (append("null", '[{"type": "c"}]'),), 3)
    yield Call("core.append_events expected version", "app", (append("3", '[{"type": "d"}]'),), 4)
    yield Call("core.append_events no event", "app", (append("4", "[]"),), 4)
    yield Call("core.append_events loader", "loader", (append("4", '[{"type": "e"}]'),), 5)
    yield Call("core.read_stream", "app", (f"select count(*) from core.read_stream('t', '{s}')",), 5)
    yield Call("core.save_stream_state", "app", (f"select core.save_stream_state('t', '{s}', 2, '{{{{}}}}')",), True)
    yield Call("core.read_from_state", "app", (f"select count(*) from core.read_from_state('t', '{s}')",), 4)
    poll = f"select count(*) from core.poll_events('c {s}', 1000) where stream_id = '{s}'"
    yield Call("core.poll_events", "app", (poll,), 5)
    yield Call("core.poll_events again", "app", (poll,), 0)
    yield Call(
        "core.read_events_between",
        "app",
        (
            "now := select snapshot from core.event_snapshot()",
            f"select count(*) from core.read_events_between('1:1:', {{now}}) where stream_id = '{s}'",
        ),
        5,
    )
    yield Call("core.events_kept_since", "app", ("select core.events_kept_since() < now()",), True)
    cooldown = f"select core.cooldown_start('a {s}', interval '1 hour')"
    yield Call("core.cooldown_start", "app", (cooldown,), True)
    yield Call("core.cooldown_start again", "app", (cooldown,), False)
    versions = "select count(*) from core.mart_versions('{{}}')"
    yield Call("core.mart_versions", "app", (versions,), 0, scope="coordinator")  # where the marts are
    take = f"from core.rate_limit_take('s {s}', 2, interval '1 hour')"
    yield Call("core.rate_limit_take", "app", (f"select allowed {take}",), True)
    yield Call("core.rate_limit_take again", "app", (f"select remaining {take}",), 0)
    yield Call("core.rate_limit_take refused", "app", (f"select allowed {take}",), False)
    add = "select core.add_member('{}{}@example.org', 'M', '{}') is not null"
    yield Call("core.add_member", "dba", (add.format("m", s, "owner"),), True)
    yield Call("core.add_member by a member", "app", ("as {member}", add.format("o", s, "viewer")), True)
    yield Call("core.member_role", "app", ("as {member}", "select core.member_role()"), "owner")
    claims = f'select core.set_context(\'{{{{"app_metadata": {{{{"tenant_id": "{tenant}"}}}}}}}}\')'
    yield Call("core.set_context", "app", (claims, "select core.current_tenant()"), tenant)
    yield Call("core.set_context and a write", "app", (claims, claim(f"jwt {s}")), "claimed")


def _jobs(s: str) -> Iterator[Call]:
    later = f"select core.enqueue('stock.orders', '{{{{}}}}', 'd {s}', now() + interval '1 hour') > 0"
    yield Call("core.enqueue", "app", (later,), True)
    yield Call("core.enqueue same", "app", (later,), True)
    waiting = "select count(*) from core.job where tenant_id = {tenant} and run_at > now()"
    yield Call("core.enqueue counted", "dba", (waiting,), 1)
    confirm = "select core.enqueue('contest.confirm', '{{{{}}}}', '{} {}') > 0"
    yield Call("core.enqueue for a worker", "app", (confirm.format("f", s), confirm.format("g", s)), True)
    due = "select count(*) > 0 from core.due_queues('contest.confirm')"
    yield Call("core.due_queues", "worker", (due,), True, scope="node")
    lease = "lease := select lease_id from core.lease('contest.confirm', 'w', {})"
    yield Call("core.lease and core.fail", "worker", (lease.format(1), "select core.fail({lease}, 'because')"), 0)
    yield Call(
        "core.lease and core.split_lease",
        "worker",
        (lease.format(10), "select count(*) from core.split_lease({lease})"),
        1,
    )
    yield Call("core.reap", "worker", ("select core.reap()",), 0)
    yield Call("core.revive", "app", ("select core.revive(1)",), False)
    yield Call("core.cancel_job", "app", ("select core.cancel_job(0)",), False)
    schedule = f"select core.schedule_job('p {s}', 'stock.orders', '0 0 1 1 *') > now()"
    yield Call("core.schedule_job", "app", (schedule, schedule), True)
    yield Call("core.next_run", "app", ("select core.next_run('@daily', 'UTC', now()) > now()",), True)
    yield Call("core.pause_periodic", "app", (f"select core.pause_periodic('p {s}') is null",), True)
    yield Call("core.pause_periodic again", "app", (f"select core.pause_periodic('p {s}', false) > now()",), True)
    yield Call("core.enqueue_periodic", "worker", ("select core.enqueue_periodic(gen_random_uuid())",), 0)
    yield Call("core.unschedule_job", "app", (f"select core.unschedule_job('p {s}')",), True)


def _stock(s: str) -> Iterator[Call]:
    yield Call("stock.add_item", "app", (f"select stock.add_item('Chair {s}', 49.5, 10) is not null",), True)
    named = f"select count(*) from stock.item where name = 'Chair {s}'"
    yield Call("stock.item by policy", "app", (named,), 1, scope="node")
    yield Call("stock.item by tenant", "app", (named + " and tenant_id = {tenant}",), 1)
    buy = "select state from stock.buy({{item}}, {}, 'o{} {}')"
    yield Call("stock.buy", "app", (buy.format(3, 17, s),), "sold")
    yield Call("stock.buy again", "app", (buy.format(3, 17, s),), "sold")
    yield Call("stock.buy mismatch", "app", (buy.format(2, 17, s),), "mismatch")
    yield Call("stock.buy refused", "app", (buy.format(9, 18, s),), "refused")
    restock = f"select state from stock.restock({{item}}, 3, 'dl {s}')"
    yield Call("stock.restock", "app", (restock,), "restocked")
    yield Call("stock.restock again", "app", (restock,), "restocked")
    enqueue = "select state from stock.enqueue_buy({{item}}, {}, 'o{} {}')"
    yield Call("stock.enqueue_buy", "app", (enqueue.format(8, 19, s),), "queued")
    yield Call("stock.enqueue_buy again", "app", (enqueue.format(8, 19, s),), "queued")
    yield Call("stock.fulfil_batch", "app", ("select stock.fulfil_batch()",), 1)
    yield Call("stock.enqueue_buy after", "app", (enqueue.format(1, 20, s),), "queued")
    yield Call(
        "core.lease, stock.fulfil and core.complete",
        "worker",
        (
            "lease := select lease_id from core.lease('stock.orders', 'w')",
            "select stock.fulfil({lease})",
            "select core.complete({lease})",
        ),
        1,
    )
    left = "select available from stock.item where tenant_id = {tenant} and item_id = {item}"
    yield Call("stock.item after the orders", "app", (left,), 1)


def _contest(s: str, tenant: str) -> Iterator[Call]:
    def cup(letter: str, format_: str, rounds: int | None = None) -> tuple[str, ...]:
        options = f", p_rounds => {rounds}" if rounds else ""
        teams = (f"select contest.enter_team('{letter}{s}', 'T{number} {s}')" for number in range(4))
        return (
            f"select contest.create_competition('{letter}{s}', 'Cup', '{format_}'{options})",
            *teams,
            f"select contest.draw('{letter}{s}')",
        )

    one = f"'c{s}/1/1'"
    created = f"select contest.create_competition('c{s}', 'Cup', 'single elimination')"
    yield Call("contest.create_competition", "app", (created,), 1)
    enter = "select contest.enter_team('c{}', '{} {}') is not null"
    yield Call("contest.enter_team", "app", (enter.format(s, "Ants", s), enter.format(s, "Bees", s)), True)
    yield Call(
        "contest.enter_player", "app", (f"select contest.enter_player('c{s}', {{team}}, 'p{s}', 'Ann') > 1",), True
    )
    yield Call("contest.draw", "app", (f"select contest.draw('c{s}')",), 1)
    yield Call("contest.add_station", "app", (f"select contest.add_station('t{s}', 'Table')",), 1)
    times = "'2030-05-01 10:00+00', '2030-05-01 10:30+00'"
    yield Call("contest.schedule_fixture", "app", (f"select contest.schedule_fixture({one}, 't{s}', {times})",), 1)
    yield Call(
        "contest.submit_score", "app", (f"select state from contest.submit_score({one}, 3, 1, 's1 {s}')",), "pending"
    )
    yield Call("contest.dispute_score", "app", (f"select contest.dispute_score('s1 {s}', 'it was 3:2')",), 3)
    yield Call(
        "contest.submit_score twice",
        "app",
        (f"select state from contest.submit_score({one}, 3, 2, 's2 {s}')",),
        "pending",
    )
    yield Call("contest.confirm_score", "app", ("as {member}", f"select contest.confirm_score('s2 {s}')"), 5)
    yield Call("contest.leaderboard", "app", (f"select count(*) from contest.leaderboard('c{s}')",), 2)
    yield Call("contest.amend_result", "app", (f"select contest.amend_result({one}, 2, 4, 'sheet')",), 6)
    action = f'"id": "a1 {s}", "fixture": "c{s}/1/1", "version": 6'
    amend = f'[{{{{{action}, "do": "amend", "home": 5, "away": 4, "reason": "so"}}}}]'
    apply = f"select outcome from contest.apply_offline('{amend}')"
    yield Call("contest.apply_offline", "app", (apply,), "applied")
    yield Call("contest.apply_offline again", "app", (apply,), "applied")
    yield Call("contest.draw swiss", "app", cup("w", "swiss", 2), 1)
    yield Call("contest.draw round robin", "app", cup("r", "round robin"), 3)
    free = f"select contest.create_competition('f{s}', 'Cup', 'free')"
    teams = tuple(f"{name} := select contest.enter_team('f{s}', '{name} {s}')" for name in ("gnats", "wasps"))
    added = f"select contest.add_fixture('f{s}', {{gnats}}, {{wasps}}) is not null"
    yield Call("contest.add_fixture", "app", (free, *teams, added), True)
    yield Call("contest.replay", "dba", (f"select count(*) from contest.replay('c{s}')",), 0)
    mine = f"select count(*) from contest.fixture where competition_key = 'c{s}'"
    yield Call("contest.fixture by tenant", "app", (mine + " and tenant_id = {tenant}",), 1)
    yield Call("contest.fixture by policy", "app", (mine,), 1, scope="node")


def _workspace(s: str) -> Iterator[Call]:
    def save(body: str, version: str) -> str:
        return f"select p_version from workspace.save_document('Herons {s}', '{body}', '{{{{birds}}}}', {version})"

    yield Call("workspace.save_document", "app", (save("They fish at the lake.", "null"),), 1)
    yield Call("workspace.save_document again", "app", (save("At night they fish.", "{document}, 1"),), 2)
    search = "select count(*) from workspace.search_documents('night -lake')"
    yield Call("workspace.search_documents", "app", (search,), 1)
    yield Call("workspace.delete_document", "app", ("select workspace.delete_document({document})",), True)
    yield Call("workspace.search_documents after", "app", (search,), 0)
    yield Call(
        "workspace.save_dataset", "app", (f"select workspace.save_dataset('Set {s}', 5, 4096) is not null",), True
    )
    yield Call("workspace.delete_dataset", "app", ("select workspace.delete_dataset({dataset})",), True)
    beats = "jsonb_build_array(jsonb_build_object('principal_id', {member}))"
    yield Call("workspace.flush_presence", "app", ("as {member}", f"select workspace.flush_presence({beats})"), 1)
    online = "select is_online from workspace.online_batch(array[{member}]::uuid[])"
    yield Call("workspace.online_batch", "app", ("as {member}", online), True)
    yield Call(
        "workspace.profile",
        "app",
        (
            "as {member}",
            "insert into workspace.profile (headline, geohash) values ('At the lake', 'u4pruy')",
            "update workspace.profile set is_incognito = false where tenant_id = {tenant} and principal_id = {member}",
            "select count(*) from workspace.profile where tenant_id = {tenant} and geohash between 'u4p' and 'u4q'",
        ),
        1,
    )
    for table in ("favourite", "block"):
        column, remove = {"favourite": ("favourite_id", "remove_favourite"), "block": ("blocked_id", "unblock")}[table]
        add = f"insert into workspace.{table} ({column}) values ({{other}})"
        yield Call(f"workspace.{table}", "app", ("as {member}", add))
        yield Call(f"workspace.{remove}", "app", ("as {member}", f"select workspace.{remove}({{other}})"), True)
    yield Call("workspace.entitled", "app", ("select workspace.entitled('assistant') is not null",), True)
    used = "select allowed is not null from workspace.record_usage('assistant', 1200, 0.00045)"
    yield Call("workspace.record_usage", "app", (used,), True)
    yield Call("workspace.tenant_summary", "app", ("as {member}", "select members from workspace.tenant_summary()"), 2)
    yield Call(
        "workspace.invite and workspace.accept_invitation",
        "app",
        (
            "as {member}",
            f"token := select workspace.invite('i{s}@example.org', 'viewer')",
            f"set local app.principal_id = '{uuid.uuid4()}'",
            f"set local app.email = 'i{s}@example.org'",
            "select workspace.accept_invitation({token}) is not null",
        ),
        True,
    )


def _operators(s: str, tenant: str) -> Iterator[Call]:
    effective = "select count(*) > 0 from core.config_effective where tenant_id = {tenant}"
    yield Call("core.config_effective", "app", (effective,), True)
    yield Call("core.set_tenant_config", "dba", ("select core.set_tenant_config('stock', 'queue_depth', '5000')",))
    depth = (
        "select settings ->> 'queue_depth' from core.config_effective "
        "where tenant_id = {tenant} and namespace = 'stock' and valid_to = 'infinity'"
    )
    yield Call("core.config_effective after", "app", (depth,), 5000)
    key = f"key := select core.create_api_key('k {s}')"
    yield Call("core.create_api_key", "dba", (key, "select {key} <> ''"), True)
    yield Call("core.revoke_api_key", "dba", (f"select core.revoke_api_key('k {s}')",), True)
    domain = f"d{s}.example.org"
    yield Call("core.add_tenant_domain", "dba", (f"select core.add_tenant_domain('{domain}')",))
    yield Call("core.tenant_for_domain", "app", (f"select core.tenant_for_domain('{domain}')",), tenant)
    yield Call("workspace.subscribe", "dba", ("select workspace.subscribe('team') is not null",), True)
    yield Call("workspace.entitled after", "app", ("select workspace.entitled('assistant') is not null",), True)
    yield Call("workspace.end_subscription", "dba", ("select workspace.end_subscription({subscription}::uuid)",))
    yield Call("workspace.set_budget", "dba", ("select workspace.set_budget(5000)",))
    yield Call("core.set_tenant_status", "dba", ("select core.set_tenant_status('active')",))
    yield Call("workspace.refresh_stats", "dba", ("select workspace.refresh_stats()",), scope="coordinator")
    yield Call("ops.record_metric", "app", ("select ops.record_metric('m', 1.5)",), scope="node")
    yield Call("ops.measure", "dba", ("select count(*) > 0 from ops.measure()",), True, scope="coordinator")
    yield Call("core.plan_expiry", "dba", ("select count(*) >= 0 from core.plan_expiry()",), True, scope="coordinator")
    yield Call("core.tenant by an analyst", "analyst", ("select count(*) from core.tenant",), 0, scope="coordinator")


def _loads(s: str) -> Iterator[Call]:
    due = "select coalesce(sum(made), 0) >= 0 from core.ensure_due_partitions()"
    yield Call("core.ensure_due_partitions", "loader", (due,), True, scope="coordinator")
    days = f"select contest.ensure_game_days(array[date '2026-03-01' + {int(s, 16) % 28}])"
    yield Call("contest.ensure_game_days", "loader", (days,), scope="node")
    begin = "load := select landing.begin_load('games', 'x')"
    yield Call(
        "landing.begin_load and landing.finish_load",
        "loader",
        (begin, "select landing.finish_load({load}, 'done', '{{}}', 0, 0)"),
    )
    yield Call("landing.reap_loads", "loader", ("select landing.reap_loads()",), scope="node")
    yield Call("landing.closed_horizon", "loader", ("select landing.closed_horizon() >= 0",), True, scope="node")
    yield Call("landing.put_format", "loader", (f"select landing.put_format('x{s}', 'a')",), True)
    yield Call("landing.put_format again", "loader", (f"select landing.put_format('x{s}', 'a')",), False)
    yield Call("landing.remove_format", "loader", (f"select landing.remove_format('x{s}')",))
    yield Call("landing.game_keys", "loader", (f"select landing.game_keys('g{s}')",), [f"g{s}"])
    has = f"select contest.has_own_rows(date '2026-03-01', 'g{s}')"
    yield Call("contest.has_own_rows", "loader", (has,), False)
    yield Call("contest.remove_rows", "loader", (f"select contest.remove_rows('fixture', 'g{s}')",), 0)


class Sessions:
    """One session per role at the entry node, and at the coordinator for the calls about the whole cluster."""

    def __init__(self, entry: str, logins: Logins, superuser: Db, coordinator: str | None = None) -> None:
        self._dsn = {"tenant": entry, "node": entry, "coordinator": coordinator or entry}
        self._logins, self._superuser = logins, superuser
        self._open: dict[tuple[str, str], Db] = {}
        self._notes: list[str] = []
        self._shards = _shards(superuser)

    def close(self) -> None:
        for conn in self._open.values():
            conn.close()

    def run(self, call: Call, tenant: str, seed: str) -> Outcome:
        """Run the call in one transaction, and note the shards that the entry node used."""
        outcome = Outcome(call)
        self._notes.clear()
        values = {"tenant": f"'{tenant}'", "seed": seed}
        for name in NAMES:
            if any(f"{{{name}}}" in statement for statement in call.statements):
                found = self._superuser.execute(NAMES[name].format(**values)).fetchone()
                values[name] = f"'{found[0]}'" if found else "null"
        try:
            conn = self._session(call.role, self._dsn[call.scope])
            with conn.transaction():
                conn.execute(f"set local app.tenant_id = '{tenant}'")
                for statement in call.statements:
                    outcome.answer = self._statement(conn, statement, values)
        except psycopg.Error as e:
            outcome.error = f"{e.sqlstate} {(e.diag.message_primary or str(e)).strip()}" + _where(e)
        ids = {int(shard) for note in self._notes for shard in re.findall(r"_(1\d{5,})\b", note)}
        outcome.shards = len({self._shards[shard] for shard in ids if shard in self._shards})
        outcome.remote = [note for note in self._notes if note.startswith("issuing ")]
        return outcome

    def _statement(self, conn: Db, statement: str, values: dict[str, str]) -> Any:
        if statement.startswith("as "):
            principal = statement.removeprefix("as ").format(**values)
            conn.execute(f"set local app.principal_id = {principal.replace('null', chr(39) * 2)}")
            return None
        name, _, text = statement.partition(" := ")
        cursor = conn.execute((text or statement).format(**values))
        row = cursor.fetchone() if cursor.description else None
        if text:
            values[name] = f"'{row[0]}'" if row else "null"
        return row[0] if row else None

    def _session(self, role: str, dsn: str) -> Db:
        found = self._open.get((role, dsn))
        if found is None or found.closed:
            user, password = self._logins[role]
            found = psycopg.connect(dsn, user=user, password=password, autocommit=True)
            found.add_notice_handler(
                lambda note: self._notes.append(f"{note.message_primary} {note.message_detail or ''}")
            )
            if self._shards:
                found.execute("set citus.log_remote_commands = on")
                found.execute("set citus.log_local_commands = on")
                found.execute("set client_min_messages = notice")
            self._open[role, dsn] = found
        return found


def _where(e: psycopg.Error) -> str:
    """Return the place of the error in a function, for the message of a failed test."""
    lines = [line for line in (e.diag.context or "").splitlines() if line.startswith("PL/pgSQL")]
    return f" [{lines[0].removeprefix('PL/pgSQL ')}]" if lines else ""


def _shards(conn: Db) -> dict[int, str]:
    """Return the range of each shard of a distributed table; nothing on plain Postgres."""
    if not conn.execute("select exists (select from pg_extension where extname = 'citus')").fetchone()[0]:
        return {}
    rows = conn.execute(
        "select s.shardid, s.shardminvalue from pg_dist_shard as s "
        "inner join pg_dist_partition as p using (logicalrelid) where p.partmethod = 'h'"
    )
    return dict(rows.fetchall())


def make_logins(conn: Db, suffix: str) -> Logins:
    """Create a real login for each role. On a cluster, the coordinator creates them on every node."""
    return {role: (f"{role}_{suffix}", create_login(conn, f"{role}_{suffix}", f"stanchion_{role}")) for role in ROLES}
