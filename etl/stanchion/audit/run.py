"""The audit: the tenancy rules, then two temporary tenants and the attacks of every login on them.

Its parts have names, of which `stanchion audit --only` chooses some: each rule, each kind of login, and each real login
that has more rights than its role.
"""

import json
import secrets
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import psycopg
from psycopg.rows import dict_row

from stanchion.access.builder import RULE
from stanchion.audit import attacks, estimates
from stanchion.audit.attacks import Attacker
from stanchion.audit.findings import WARNING, AuditResult
from stanchion.audit.logins import ROLES, copy_login, temporary_logins, unusual_logins
from stanchion.audit.owners import Owners, connect_builder
from stanchion.audit.places import NODES, Place, compare_nodes, places
from stanchion.audit.rules import broken, rule_files
from stanchion.audit.seed import SLUG, Victim, make_victim, read_tables
from stanchion.cluster.nodes import state_of
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


_RULES = "rules"  # every rule
_PUBLICATIONS = "publications"
_KINDS = [*(role.removeprefix("stanchion_") for role in ROLES), "stranger"]


def audit(conn: Connection, dsn: str, report: Report, only: Collection[str] = ()) -> AuditResult:
    """Audit the isolation of tenants in this database, or only the named parts. `report` gets the name of each part."""
    require_deployed(conn)
    result = AuditResult()
    real = unusual_logins(conn)
    rules = {rule.stem: rule for rule in rule_files()}
    _require_parts(only, [_RULES, *rules, _PUBLICATIONS, NODES, *_KINDS, *real])
    chosen = [rule for name, rule in rules.items() if not only or {_RULES, name} & set(only)]
    report(f"{len(chosen)} rules over the catalog")
    result.rules = len(chosen)
    result.findings += broken(conn, *chosen)
    if state_of(conn) is not None and (not only or NODES in only):
        report("the objects, policies and rights of every node and shard")
        compare_nodes(conn, dsn, result)
    blocking = conn.execute(query("audit", "publications")).fetchall()
    for publication, problem in blocking:
        result.add(_PUBLICATIONS, publication, problem)
    kinds = [kind for kind in _KINDS if not only or kind in only]
    real = {login: role for login, role in real.items() if not only or login in only}
    if blocking or not (kinds or real):  # with a blocking publication, the rows of the attacks could not be removed
        return result
    if not value(conn, "select pg_try_advisory_lock(%s)", [_LOCK]):
        raise StanchionError("Another audit is running in this database; try again when it has finished.")
    tables = read_tables(conn)
    if any(finding.check == RULE.stem for finding in result.findings):
        report("the marts contain planted code, which is a finding; no row is written to them")
        tables = [table for table in tables if table.owner != "stanchion_builder"]
    try:
        with temporary_logins(conn, dsn) as logins, connect_builder(logins) as builder:
            owners = Owners(conn, builder)
            owners.remove(tables)
            try:
                copies = _copies(conn, dsn, real, result)
                with places(conn, dsn, owners, logins, tables) as found:
                    for place in found:
                        _attack(place, copies, kinds, result, report)
            finally:
                owners.remove(tables)
    finally:
        conn.execute("select pg_advisory_unlock(%s)", [_LOCK])
    return result


def _require_parts(only: Collection[str], known: list[str]) -> None:
    """Raise StanchionError when a name is not that of a part."""
    if unknown := [name for name in only if name not in known]:
        raise StanchionError(f"The audit has no part '{unknown[0]}'; choose one of {', '.join(known)}.")


def _copies(conn: Connection, dsn: str, real: dict[str, str], result: AuditResult) -> dict[str, tuple[str, str]]:
    """Return the role and the connection string of a temporary login with the memberships of each real login."""
    made = {}
    for login, role in real.items():
        copy = copy_login(conn, dsn, login, role)
        if copy:
            made[login] = (role, copy)
        else:
            problem = "was not attacked with, since this session may not grant its memberships to a temporary login"
            result.add("logins", login, problem, severity=WARNING, remedy="Run stanchion audit as a superuser.")
    return made


def _attack(
    place: Place,
    copies: dict[str, tuple[str, str]],
    kinds: list[str],
    result: AuditResult,
    report: Report,
) -> None:
    report(f"two tenants with a row in every table{place.suffix}")
    suffix = secrets.token_hex(4)
    logins, tables = place.logins, place.tables
    ours, theirs = (make_victim(place.maker, f"{SLUG}-{side}-{suffix}") for side in ("ours", "theirs"))
    by_name = {table.name: table for table in tables}
    for victim in (ours, theirs):
        for table in tables:
            if reason := place.fill(table, victim, by_name):
                result.add("seed", table.name, f"is not audited, since no row could be inserted: {reason}")
    _grant(place.owners.operator, logins["stanchion_analyst"], ours)
    targets = _Targets(place, ours, theirs)
    result.relations = max(result.relations, len(targets.relations))
    chosen = {role: login for role, login in logins.items() if role.removeprefix("stanchion_") in kinds}
    result.logins = len(chosen) + len(copies)
    with ExitStack() as stack:
        guises = [
            (place.adapt(attacker, role), own, "stanchion_analyst" if role == "stranger" else role)
            for role, login in chosen.items()
            for attacker, own in _guises(role, stack.enter_context(_connect(login)), ours, theirs)
        ]
        for login, (role, copy) in copies.items():
            connected = stack.enter_context(_connect(place.at(copy)))
            attacker = place.adapt(_with_memberships(login, role, connected, ours, theirs), role)
            guises.append((attacker, [], role))
            report(f"{attacker.name}, reading other schemas")
            attacks.read_elsewhere(result, attacker)
        parts = [
            (attacker, own, role, attack, text)
            # after all reads: a call can store marks of the other tenant in the attacker's own rows
            for attack, text in (
                (_attack_as, ""),
                (_read_functions_as, ", reading the results of functions"),
                (_call_as, ", looking for effects of functions"),
            )
            for attacker, own, role in guises
            if attack is _attack_as or (attacker.forbidden and place.calls)
        ]
        for number, (attacker, own, role, attack, text) in enumerate(parts, 1):
            report(f"{number} of {len(parts)}: {attacker.name}{text}")
            attack(result, attacker, own, role, targets)


def _with_memberships(login: str, role: str, conn: Connection, ours: Victim, theirs: Victim) -> Attacker:
    """Return the attacker with the memberships of a real login: for no tenant as an analyst, else for ours."""
    attacker, _ = next(_guises("stranger" if role == "stanchion_analyst" else role, conn, ours, theirs))
    return replace(attacker, name=f"a login with the memberships of {login}")


def _connect(login: str) -> Connection:
    return psycopg.connect(login, autocommit=True)


class _Targets:
    """The relations, catalogs and functions to attack."""

    def __init__(self, place: Place, ours: Victim, theirs: Victim) -> None:
        self.owners, self.tables, self.ours, self.theirs = place.owners, place.tables, ours, theirs
        conn = place.owners.operator
        self.relations: dict[str, list[str]] = dict(conn.execute(query("audit", "relations")).fetchall())
        shards = place.shards(theirs, list(self.relations))
        self.relations |= {shard: self.relations[table] for shard, table in shards.items()}
        by_name = {table.name: table for table in place.tables}
        self.shards = [replace(by_name[table], name=shard) for shard, table in shards.items() if table in by_name]
        for shard in self.shards:
            theirs.rows[shard.name] = theirs.rows.get(shards[shard.name], {})
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
    attacks.write(result, attacker, [*others, *targets.shards], targets.theirs, targets.ours if own else None)
    if not attacker.forbidden:
        return
    attacks.read(result, attacker, targets.relations)
    if role == "stanchion_analyst" and not attacker.settings:
        attacks.read_catalogs(result, attacker, targets.catalogs)
        readable = [table for table in targets.tables if table.name in targets.granted(role)]
        estimates.compare_estimates(result, attacker, readable, targets.ours)
        for conn, owned in targets.owners.divide(readable):
            estimates.compare_pages(result, attacker, conn, owned, targets.theirs)


def _read_functions_as(result: AuditResult, attacker: Attacker, _: list[Victim], role: str, targets: _Targets) -> None:
    functions = targets.functions(role)
    result.functions = max(result.functions, len(functions))
    list(attacks.call(result, attacker, functions, keep=False))


def _call_as(result: AuditResult, attacker: Attacker, _: list[Victim], role: str, targets: _Targets) -> None:
    """Call the functions and commit; compare the rows of the victim after each call that wrote anything."""
    before = targets.owners.digest(targets.tables, targets.theirs)
    for function in attacks.call(result, attacker, targets.functions(role), keep=True):
        after = targets.owners.digest(targets.tables, targets.theirs)
        for table in before:
            if before[table] != after[table]:
                result.add(attacker.name, function, f"let {attacker.name} change rows of another tenant in {table}")
        before = after
    left = attacker.conn.execute("select nullif(current_setting('app.tenant_id', true), '')").fetchone()
    if left and left[0]:
        result.add(attacker.name, "session", "still has a tenant after its transaction ended")


def _grant(conn: Connection, login: str, victim: Victim) -> None:
    """Let a login read a tenant at one server: a grant contains the id of the role, which differs between nodes."""
    name = psycopg.conninfo.conninfo_to_dict(login)["user"]
    with acting_for(conn, victim.tenant_id):
        conn.execute("select core.grant_analyst(%s)", [name])
