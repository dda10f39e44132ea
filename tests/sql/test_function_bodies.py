"""No function refers to what is not there: plpgsql looks at a statement only when it is executed, plpgsql_check now."""

from typing import Any

import psycopg
import pytest

EXCUSED = {
    "core.unsecure_relation(p_relation regclass): security:00000:24:EXECUTE:text type variable is not sanitized": (
        "each statement was put together by format() with quoted names"
    ),
    'ops.statements(): warning extra:00000:OUT variable "statement_id" is maybe unmodified': (
        "its rows come from a text, since pg_stat_statements may not be there"
    ),
}


def test_plpgsql_check_finds_nothing(deployed_db: psycopg.Connection[Any]) -> None:
    available = deployed_db.execute("select from pg_available_extensions where name = 'plpgsql_check'").fetchone()
    if available is None:
        pytest.skip("plpgsql_check is not on this server; the run on Debian's has it")
    with deployed_db.transaction(force_rollback=True):
        deployed_db.execute("create extension plpgsql_check")
        # it evaluates what does not depend on a parameter, such as asking for the tenant
        deployed_db.execute("select set_config('app.tenant_id', gen_random_uuid()::text, true)")
        complaints = deployed_db.execute(
            """
            select f.name || ': ' || string_agg(complaint, e'\n')
            from core.own_function as f
            join pg_proc as p on p.oid = f.function and p.prorettype <> 'trigger'::regtype
            cross join lateral plpgsql_check_function(
                f.function, fatal_errors => false, other_warnings => true, extra_warnings => true,
                performance_warnings => false, security_warnings => true
            ) as complaint
            where f.language = 'plpgsql'
            group by f.name
            """
        ).fetchall()
    assert [text for (text,) in complaints if text.partition("\n")[0] not in EXCUSED] == []
