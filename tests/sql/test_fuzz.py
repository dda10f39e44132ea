"""A counted number of calls of tests/sql/fuzz.py, which runs for longer by hand."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from stanchion.audit.logins import ROLES
from tests.conftest import Cluster, copy_of_deployed
from tests.sql.fuzz import Place, fuzz, place

# a number of calls of each role at which every function is called several times
CALLS = {"stanchion_app": 1500, "stanchion_loader": 1000, "stanchion_worker": 500, "stanchion_builder": 600}


@pytest.fixture(scope="module")
def fuzzed(deployed: Any, cluster: Cluster) -> Iterator[Place]:
    with (
        copy_of_deployed(deployed, cluster, "fuzzed") as dsn,
        psycopg.connect(dsn, autocommit=True) as conn,
        place(conn, dsn) as found,
    ):
        yield found


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_no_argument_breaks_a_function(role: str, fuzzed: Place) -> None:
    calls = CALLS.get(role, 100)
    tally = fuzz(fuzzed, role, seed=1, may_go_on=lambda number: number < calls)
    assert tally.failures == []
    assert tally.called == {function["name"] for function in fuzzed.functions if function["role"] == role}
    assert tally.outcomes["00000"] > calls / 20, tally.outcomes


PLANTED = {
    "a syntax error within the function": "execute 'select from ' || p_text || ' from'",
    "a failed assertion": "assert false",
    "leaves locks": "perform pg_advisory_lock(1)",
    "shows data of another tenant": "return (select t.name from core.tenant as t where t.tenant_id = '{theirs}')",
    "rows of another tenant in core.tenant": "update core.tenant set kind = 'shop' where tenant_id = '{theirs}'",
}


@pytest.mark.parametrize("problem", PLANTED)
def test_planted_defect_is_found(problem: str, fuzzed: Place) -> None:
    body = PLANTED[problem].format(theirs=fuzzed.theirs.tenant_id)
    with fuzzed.operator.transaction():
        fuzzed.operator.execute(
            "create function core.planted(p_text text) returns text language plpgsql security definer "
            f"set search_path = pg_catalog as $$ begin {body}; return null; end $$"
        )
        fuzzed.operator.execute("grant execute on function core.planted(text) to stanchion_app")
    planted = {"role": "stanchion_app", "name": "core.planted(text)", "path": ["core", "planted"], "types": ["text"]}
    try:
        tally = fuzz(replace(fuzzed, functions=[planted]), "stanchion_app", 1, lambda number: number < 100)
        assert [problem in failure for failure in tally.failures][:1] == [True], tally.failures
    finally:
        fuzzed.operator.execute("drop function core.planted(text)")
        fuzzed.operator.execute(
            "update core.tenant set kind = 'league' where tenant_id = %s", [fuzzed.theirs.tenant_id]
        )
