"""The audit runs chosen parts, logs in with the memberships of real logins, and prints findings for programs."""

import json
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner

from stanchion.audit.findings import stable_id
from stanchion.audit.run import audit
from stanchion.cli.main import main
from stanchion.errors import StanchionError
from tests.audit.test_isolation import attack_only as attack_only
from tests.sessions import Db


def test_only_one_rule_is_run(db: Db, dsn: str) -> None:
    db.execute("alter table core.api_key no force row level security; grant select on core.api_key to public")
    outcome = CliRunner().invoke(main, ["--dsn", dsn, "audit", "--only", "rls_is_forced", "--json"])
    found = json.loads(outcome.stdout)
    assert (outcome.exit_code, found["rules"], found["attempts"]) == (1, 1, 0)
    (finding,) = found["findings"]
    assert finding["id"].startswith("rls_is_forced/core.api_key/")
    assert (finding["severity"], finding["object"]) == ("critical", "core.api_key")
    assert finding["remedy"].startswith("alter table NAME enable row level security")


def test_unknown_part_is_refused_with_the_known_ones(db: Db, dsn: str) -> None:
    with pytest.raises(StanchionError, match=r"no part 'nothing'; choose one of rules, .*rls_is_forced.*analyst"):
        audit(db, dsn, lambda part: None, ["nothing"])


def test_id_does_not_depend_on_numbers() -> None:
    assert stable_id("loads", "core.x", "3 rows") == stable_id("loads", "core.x", "12 rows")
    assert stable_id("loads", "core.x", "3 rows") != stable_id("loads", "core.x", "3 days")


def test_doctor_names_checks_and_alerts_by_id(db: Db, dsn: str) -> None:
    db.execute("alter table core.tenant disable row level security")
    outcome = CliRunner().invoke(main, ["--dsn", dsn, "doctor", "--json"])
    checks = {check["id"]: check for check in json.loads(outcome.stdout)}
    assert {"modules", "drift", "rules", "durability", "partitions_ahead"} <= checks.keys()
    assert [alert["id"].rpartition("/")[0] for alert in checks["drift"]["alerts"]] == ["verify/table-core.tenant"]
    assert [alert["id"].rpartition("/")[0] for alert in checks["rules"]["alerts"]] == ["rls_is_forced/core.tenant"]
    assert {alert["severity"] for alert in checks["rules"]["alerts"]} == {"critical"}


@pytest.fixture
def insider(db: Db) -> Iterator[str]:
    """An analyst who belongs to a group with rights outside our schemas."""
    db.execute(
        "create role insider login in role stanchion_analyst; create role friends; grant friends to insider;"
        "create schema elsewhere; create view elsewhere.tenants as select * from core.tenant;"
        "grant usage on schema elsewhere to friends; grant select on elsewhere.tenants to friends"
    )
    yield "insider"
    db.execute("drop owned by friends; drop role insider, friends")


@pytest.mark.slow
def test_audit_logs_in_with_the_memberships_of_a_real_login(
    insider: str, db: Db, dsn: str, attack_only: Callable[..., None]
) -> None:
    attack_only("core.principal")
    parts: list[str] = []
    result = audit(db, dsn, parts.append, [insider])
    assert [(f.object, f.check) for f in result.findings] == [
        ("elsewhere.tenants", "a login with the memberships of insider")
    ]
    assert (result.logins, result.rules) == (1, 0)
    assert any(part.startswith("1 of 3: ") for part in parts)
    left = db.execute("select rolname from pg_roles where rolname like 'stanchion_audit%'").fetchall()
    assert left == []
