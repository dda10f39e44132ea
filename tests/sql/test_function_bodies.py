"""No function refers to a missing object, or raises an SQLSTATE that its comment does not contain.

plpgsql looks at a statement only when it is executed, plpgsql_check now.
"""

import re
from typing import Any

import psycopg
import pytest

# function and complaint, with the reason why it is wrong
EXCUSED = {
    ("core.unsecure_relation", "text type variable is not sanitized"): (
        "each statement was put together by format() with quoted names"
    ),
    ("core.adopt_table", "text type variable is not sanitized"): (
        "each statement was put together by format() with quoted names"
    ),
    ("ops.statements", "is maybe unmodified"): "its rows come from a text, since pg_stat_statements may not be there",
    ("contest.lock_submission", "is not single argument"): "both rows are assigned whole, by name",
    ("core.claim_existing_key", "control reached end of function without RETURN"): "its last loop is left by returning",
}

# Plain Postgres has no objects of Citus, and executes none of the statements that name them. The warnings about the
# rest of such a function follow from the unknown statement.
OF_CITUS = re.compile(
    r'(relation "pg_dist_\w+"|function (citus_|run_command_on_|get_shard_id_for_|lock_shard_)\w+\(.*\)) does not exist'
)


def test_plpgsql_check_finds_nothing(deployed_db: psycopg.Connection[Any]) -> None:
    available = deployed_db.execute("select from pg_available_extensions where name = 'plpgsql_check'").fetchone()
    if available is None:
        pytest.skip("plpgsql_check is not on this server; the run on Debian's has it")
    with deployed_db.transaction(force_rollback=True):
        deployed_db.execute("create extension plpgsql_check")
        # it evaluates expressions without parameters, such as core.current_tenant()
        deployed_db.execute("select set_config('app.tenant_id', gen_random_uuid()::text, true)")
        complaints = deployed_db.execute(
            """
            select f.name, complaint
            from core.own_function as f
            join pg_proc as p on p.oid = f.function and p.prorettype <> 'trigger'::regtype
            cross join lateral plpgsql_check_function(
                f.function, fatal_errors => false, other_warnings => true, extra_warnings => true,
                performance_warnings => false, security_warnings => true
            ) as complaint
            where f.language = 'plpgsql' and complaint ~ '^(error|warning|security)'
            """
        ).fetchall()
    of_citus = {name for name, said in complaints if OF_CITUS.search(said)}
    assert [
        f"{name}: {said}"
        for name, said in complaints
        if not any(name.startswith(function) and what in said for function, what in EXCUSED)
        and not OF_CITUS.search(said)
        and not (name in of_citus and said.startswith("warning extra"))
    ] == []


def test_a_comment_names_every_sqlstate_that_its_function_raises(deployed_db: psycopg.Connection[Any]) -> None:
    unsaid = deployed_db.execute(
        r"""
        select split_part(f.name, '(', 1), raised.code[1]
        from core.own_function as f
        cross join lateral regexp_matches(f.body, 'errcode = ''(\w{5})''', 'g') as raised (code)
        where obj_description(f.function, 'pg_proc') !~ format('\m%s\M', raised.code[1])
        """
    ).fetchall()
    assert unsaid == []
