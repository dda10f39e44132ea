"""The audit: the tenancy rules, then two temporary tenants and the attacks of every login on them."""

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row

from stanchion.audit import attacks
from stanchion.audit.attacks import Attacker
from stanchion.audit.findings import AuditResult
from stanchion.audit.logins import temporary_logins
from stanchion.audit.rules import broken, rule_files
from stanchion.audit.seed import SLUG, Table, Victim, digest, fill, make_victim, read_tables, remove
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.progress import Report
from stanchion.server.connection import Connection, acting_for, require_deployed, value

_LOCK = 0x57A9A0D1  # one audit at a time, since each removes the tenants and logins of killed audits
_OWN_ROLES = [
    "stanchion_owner",
    "stanchion_dba",
    "stanchion_app",
    "stanchion_loader",
    "stanchion_worker",
    "stanchion_builder",
]


def audit(conn: Connection, dsn: str, report: Report) -> AuditResult:
    """Audit the isolation of tenants in this database. `report` gets the name of each part."""
    require_deployed(conn)
    result = AuditResult()
    report("rules over the catalog")
    for rule in rule_files():
        result.rules += 1
        result.findings += broken(conn, rule)
    if not value(conn, "select pg_try_advisory_lock(%s)", [_LOCK]):
        raise StanchionError("Another audit is running in this database; try again when it has finished.")
    tables = read_tables(conn)
    try:
        remove(conn, tables)
        with temporary_logins(conn, dsn) as logins:
            _attack(conn, logins, tables, result, report)
    finally:
        remove(conn, tables)
        conn.execute("select pg_advisory_unlock(%s)", [_LOCK])
    return result


def _attack(conn: Connection, logins: dict[str, str], tables: list[Table], result: AuditResult, report: Report) -> None:
    report("two tenants with a row in every table")
    suffix = secrets.token_hex(4)
    ours, theirs = (make_victim(conn, f"{SLUG}-{side}-{suffix}") for side in ("ours", "theirs"))
    by_name = {table.name: table for table in tables}
    for victim in (ours, theirs):
        for table in tables:
            if reason := fill(conn, table, victim, by_name):
                result.add("seed", table.name, f"is not audited, since no row could be inserted: {reason}")
    _grant(conn, logins["stanchion_analyst"], ours)
    targets = _Targets(conn, tables, ours, theirs)
    result.relations = len(targets.relations)
    result.logins = len(logins)
    with ExitStack() as stack:
        guises = [
            (attacker, own, "stanchion_analyst" if role == "stranger" else role)
            for role, login in logins.items()
            for attacker, own in _guises(role, stack.enter_context(_connect(login)), ours, theirs)
        ]
        for attacker, own, role in guises:
            report(attacker.name)
            _attack_as(result, attacker, own, role, targets)
        # after all reads: a call can store marks of the other tenant in the attacker's own rows
        for attacker, _, role in guises:
            if attacker.forbidden:
                report(f"{attacker.name}, reading the results of functions")
                _read_functions_as(result, attacker, role, targets)
        for attacker, _, role in guises:
            if attacker.forbidden:
                report(f"{attacker.name}, looking for effects of functions")
                _call_as(result, attacker, role, targets)


def _connect(login: str) -> Connection:
    return psycopg.connect(login, autocommit=True)


class _Targets:
    """The relations, catalogs and functions to attack."""

    def __init__(self, conn: Connection, tables: list[Table], ours: Victim, theirs: Victim) -> None:
        self.conn, self.tables, self.ours, self.theirs = conn, tables, ours, theirs
        self.relations: dict[str, list[str]] = dict(conn.execute(query("audit", "relations")).fetchall())
        self.catalogs = [row[0] for row in conn.execute(query("audit", "catalogs"))]
        self._grants = conn.execute(query("audit", "grants")).fetchall()
        self._functions = conn.cursor(row_factory=dict_row).execute(query("audit", "functions")).fetchall()

    def granted(self, role: str) -> set[str]:
        return {name for grantee, name in self._grants if grantee == role}

    def functions(self, role: str) -> list[dict[str, Any]]:
        return [function for function in self._functions if function["role"] == role]


def _guises(role: str, conn: Connection, ours: Victim, theirs: Victim) -> Iterator[tuple[Attacker, list[Victim]]]:
    """Yield the attackers with this login (each with its own settings), and the tenants that each may see."""
    principal = ours.rows["core.principal"]["principal_id"]
    token = {"request.jwt.claims": json.dumps({"sub": principal, "app_metadata": {"tenant_id": ours.tenant_id}})}
    their_token = {"request.jwt.claims": json.dumps({"app_metadata": {"org_id": theirs.tenant_id}})}
    if role in ("stanchion_app", "stanchion_loader"):
        acting = {"app.tenant_id": ours.tenant_id, "app.principal_id": principal}
        yield Attacker(f"{role} for its tenant", conn, [theirs], acting), [ours]
        yield Attacker(f"{role} with a token", conn, [theirs], token), [ours]
        yield Attacker(f"{role} without a tenant", conn, [theirs, ours]), []
        yield Attacker(f"{role} with a malformed tenant", conn, [theirs, ours], {"app.tenant_id": "' or true --"}), []
        yield Attacker(f"{role} with a malformed token", conn, [theirs, ours], {"request.jwt.claims": "{"}), []
    elif role == "stanchion_worker":
        settings, readable = {"app.tenant_id": ours.tenant_id}, frozenset({"core.job.tenant_id", "core.job.queue"})
        yield Attacker(f"{role} for a tenant", conn, [theirs], settings, readable), []
        yield Attacker(f"{role} between jobs", conn, [theirs, ours], {}, readable), []
    elif role == "stanchion_builder":
        yield Attacker(role, conn, []), [ours, theirs]
    elif role == "stanchion_analyst":
        yield Attacker(role, conn, [theirs]), [ours]
        yield Attacker(f"{role} who sets the other tenant", conn, [theirs], {"app.tenant_id": theirs.tenant_id}), [ours]
        yield Attacker(f"{role} with the other's token", conn, [theirs], their_token), [ours]
        yield Attacker(f"{role} who switches policies off", conn, [theirs], {"row_security": "off"}), []
    else:
        yield Attacker("an analyst without a grant", conn, [theirs, ours], {"app.tenant_id": theirs.tenant_id}), []


def _attack_as(result: AuditResult, attacker: Attacker, own: list[Victim], role: str, targets: _Targets) -> None:
    attacks.use_own(result, attacker, targets.tables, own, targets.granted(role))
    attacks.change_role(result, attacker, [other for other in _OWN_ROLES if other != role])
    others = [table for table in targets.tables if table.owner != role]  # a role may write the tables that it owns
    attacks.write(result, attacker, others, targets.theirs, targets.ours if own else None)
    if not attacker.forbidden:
        return
    attacks.read(result, attacker, targets.relations)
    if role == "stanchion_analyst" and not attacker.settings:
        attacks.read_catalogs(result, attacker, targets.catalogs)


def _read_functions_as(result: AuditResult, attacker: Attacker, role: str, targets: _Targets) -> None:
    functions = targets.functions(role)
    result.functions = max(result.functions, len(functions))
    for _ in attacks.call(result, attacker, functions, keep=False):
        pass


def _call_as(result: AuditResult, attacker: Attacker, role: str, targets: _Targets) -> None:
    with _unchanged(result, targets, attacker) as compare:
        for name in attacks.call(result, attacker, targets.functions(role), keep=True):
            compare(name)
    left = attacker.conn.execute("select nullif(current_setting('app.tenant_id', true), '')").fetchone()
    if left and left[0]:
        result.add(attacker.name, "session", "still has a tenant after its transaction ended")


@contextmanager
def _unchanged(result: AuditResult, targets: _Targets, attacker: Attacker) -> Iterator[Callable[[str], None]]:
    """Yield a function that compares the victim's rows after a call, and adds a finding when they have changed."""
    before = digest(targets.conn, targets.tables, targets.theirs)

    def compare(function: str) -> None:
        nonlocal before
        after = digest(targets.conn, targets.tables, targets.theirs)
        for table in before:
            if before[table] != after[table]:
                result.add(attacker.name, function, f"let {attacker.name} change rows of another tenant in {table}")
        before = after

    yield compare


def _grant(conn: Connection, login: str, victim: Victim) -> None:
    name = psycopg.conninfo.conninfo_to_dict(login)["user"]
    with acting_for(conn, victim.tenant_id):
        conn.execute("select core.grant_analyst(%s)", [name])
