"""No role may take a lock on a table that stops other tenants from reading or writing it."""

from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql

from stanchion.audit.rules import broken, rule_files
from tests.sessions import Db

STRONG = ("share update exclusive", "share", "share row exclusive", "exclusive", "access exclusive")
ROLES = ("stanchion_app", "stanchion_loader", "stanchion_worker", "stanchion_builder", "stanchion_analyst")
LOCKABLE = (
    "select schema_name, split_part(name, '.', 2) from core.own_relation "
    "where kind <> 'sequence' and pg_get_userbyid(owner) <> %s order by 1, 2"
)


@pytest.mark.parametrize("role", ROLES)
def test_role_locks_no_table_against_other_tenants(role: str, db: Db, make_login: Callable[..., str]) -> None:
    relations = db.execute(LOCKABLE, [role]).fetchall()
    assert len(relations) > 70
    locked = []
    with psycopg.connect(make_login(role), autocommit=True) as conn:
        for schema, name in relations:
            for mode in STRONG:
                statement = f"lock table {{}} in {mode} mode nowait"
                try:
                    with conn.transaction(force_rollback=True):
                        conn.execute(sql.SQL(statement).format(sql.Identifier(schema, name)))
                except psycopg.errors.InsufficientPrivilege:
                    continue
                locked.append(f"{schema}.{name} in {mode} mode")
    assert locked == []


@pytest.mark.parametrize(
    ("privilege", "is_found"),
    [("update", True), ("delete", True), ("truncate", True), ("update (taken_at)", False), ("insert", False)],
)
def test_rule_finds_a_privilege_that_includes_strong_locks(privilege: str, is_found: bool, db: Db) -> None:
    table = "core.cooldown"
    (rule,) = [path for path in rule_files() if path.stem == "no_table_locks"]
    with db.transaction(force_rollback=True):
        assert broken(db, rule) == []
        db.execute(f"grant {privilege} on {table} to stanchion_app")
        assert [finding.object for finding in broken(db, rule)] == [table] * is_found
