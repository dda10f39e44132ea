"""The whole audit: rules, then two tenants that exist to be attacked, and every login's attempts on them."""

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row

from stanchion.audit import attacks
from stanchion.audit.attacks import Attacker
from stanchion.audit.findings import Report
from stanchion.audit.logins import temporary_logins
from stanchion.audit.rules import broken, rule_files
from stanchion.audit.seed import SLUG, Table, Victim, digest, fill, make_victim, read_tables, remove
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.server.connection import Connection, acting_for, require_deployed, value

_LOCK = 0x57A9A0D1  # one audit at a time: each removes what a killed one left
_OWN_ROLES = [
    "stanchion_owner",
    "stanchion_dba",
    "stanchion_app",
    "stanchion_loader",
    "stanchion_worker",
    "stanchion_builder",
]

OnPart = Callable[[str], None]


def audit(conn: Connection, dsn: str, on_part: OnPart) -> Report:
    """Everything that is wrong with the isolation of tenants in this database."""
    require_deployed(conn)
    report = Report()
    on_part("rules over the catalog")
    for rule in rule_files():
        report.rules += 1
        report.findings += broken(conn, rule)
    if not value(conn, "select pg_try_advisory_lock(%s)", [_LOCK]):
        raise StanchionError("Another audit is at work in this database; try again when it is done.")
    tables = read_tables(conn)
    try:
        remove(conn, tables)
        with temporary_logins(conn, dsn) as logins:
            _attack(conn, logins, tables, report, on_part)
    finally:
        remove(conn, tables)
        conn.execute("select pg_advisory_unlock(%s)", [_LOCK])
    return report


def _attack(conn: Connection, logins: dict[str, str], tables: list[Table], report: Report, on_part: OnPart) -> None:
    on_part("two tenants with a row in every table")
    suffix = secrets.token_hex(4)
    ours, theirs = (make_victim(conn, f"{SLUG}-{side}-{suffix}") for side in ("ours", "theirs"))
    by_name = {table.name: table for table in tables}
    for victim in (ours, theirs):
        for table in tables:
            if why := fill(conn, table, victim, by_name):
                report.add("seed", table.name, f"is not audited, since no row could be made for it: {why}")
    _grant(conn, logins["stanchion_analyst"], ours)
    targets = _Targets(conn, tables, ours, theirs)
    report.relations = len(targets.relations)
    report.logins = len(logins)
    with ExitStack() as stack:
        guises = [
            (attacker, own, "stanchion_analyst" if role == "stranger" else role)
            for role, login in logins.items()
            for attacker, own in _guises(role, stack.enter_context(_connect(login)), ours, theirs)
        ]
        for attacker, own, role in guises:
            on_part(attacker.name)
            _attack_as(report, attacker, own, role, targets)
        # after all of them looked: what they put down as their own may be what they know of the other
        for attacker, _, role in guises:
            if attacker.forbidden:
                on_part(f"{attacker.name}, asking")
                _ask_as(report, attacker, role, targets)
        for attacker, _, role in guises:
            if attacker.forbidden:
                on_part(f"{attacker.name}, calling")
                _call_as(report, attacker, role, targets)


def _connect(login: str) -> Connection:
    return psycopg.connect(login, autocommit=True)


class _Targets:
    """What there is to attack."""

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
    """The ways in which somebody with this login comes along, each with the tenants it may rightly see."""
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
        settings, told_of = {"app.tenant_id": ours.tenant_id}, frozenset({"core.job.tenant_id", "core.job.queue"})
        yield Attacker(f"{role} for a tenant", conn, [theirs], settings, told_of), []
        yield Attacker(f"{role} between jobs", conn, [theirs, ours], {}, told_of), []
    elif role == "stanchion_builder":
        yield Attacker(role, conn, []), [ours, theirs]
    elif role == "stanchion_analyst":
        yield Attacker(role, conn, [theirs]), [ours]
        yield Attacker(f"{role} who sets the other tenant", conn, [theirs], {"app.tenant_id": theirs.tenant_id}), [ours]
        yield Attacker(f"{role} with the other's token", conn, [theirs], their_token), [ours]
        yield Attacker(f"{role} who switches policies off", conn, [theirs], {"row_security": "off"}), []
    else:
        yield Attacker("an analyst without a grant", conn, [theirs, ours], {"app.tenant_id": theirs.tenant_id}), []


def _attack_as(report: Report, attacker: Attacker, own: list[Victim], role: str, targets: _Targets) -> None:
    attacks.use_own(report, attacker, targets.tables, own, targets.granted(role))
    attacks.become_somebody(report, attacker, [other for other in _OWN_ROLES if other != role])
    others = [table for table in targets.tables if table.owner != role]  # what is one's own one may write
    attacks.write(report, attacker, others, targets.theirs, targets.ours if own else None)
    if not attacker.forbidden:
        return
    attacks.read(report, attacker, targets.relations)
    if role == "stanchion_analyst" and not attacker.settings:
        attacks.read_catalogs(report, attacker, targets.catalogs)


def _ask_as(report: Report, attacker: Attacker, role: str, targets: _Targets) -> None:
    functions = targets.functions(role)
    report.functions = max(report.functions, len(functions))
    for _ in attacks.call(report, attacker, functions, keep=False):
        pass


def _call_as(report: Report, attacker: Attacker, role: str, targets: _Targets) -> None:
    with _unchanged(report, targets, attacker) as look:
        for name in attacks.call(report, attacker, targets.functions(role), keep=True):
            look(name)
    left = attacker.conn.execute("select nullif(current_setting('app.tenant_id', true), '')").fetchone()
    if left and left[0]:
        report.add(attacker.name, "session", "still has a tenant after its transaction ended")


@contextmanager
def _unchanged(report: Report, targets: _Targets, attacker: Attacker) -> Iterator[Callable[[str], None]]:
    """Look at the victim after each call; name the call after which something of it had changed."""
    before = digest(targets.conn, targets.tables, targets.theirs)

    def look(function: str) -> None:
        nonlocal before
        after = digest(targets.conn, targets.tables, targets.theirs)
        for table in before:
            if before[table] != after[table]:
                report.add(attacker.name, function, f"let {attacker.name} change rows of another tenant in {table}")
        before = after

    yield look


def _grant(conn: Connection, login: str, victim: Victim) -> None:
    name = psycopg.conninfo.conninfo_to_dict(login)["user"]
    with acting_for(conn, victim.tenant_id):
        conn.execute("select core.grant_analyst(%s)", [name])
