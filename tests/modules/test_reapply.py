"""A changed function, view or policy file takes effect whole and without a gap; removed parts are gone."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from stanchion.deploy import catalog
from stanchion.errors import StanchionError

from .conftest import Checkout, events, wait_until

FUNCTION = """
create or replace function core.gauge({parameters}) returns integer language sql return {body};
grant execute on function core.gauge({parameters}) to {roles};
-- revert: drop function core.gauge({parameters});
"""


def write(checkout: Checkout, parameters: str = "", body: str = "1", roles: str = "stanchion_app") -> None:
    text = FUNCTION.format(parameters=parameters, body=body, roles=roles)
    checkout.write("sql/core/topic/gauge.sql", text)


def gauges(db: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return db.execute("select oid, pg_get_function_arguments(oid) from pg_proc where proname = 'gauge'").fetchall()


def grantees(db: psycopg.Connection[Any]) -> list[str]:
    lines = catalog.read_catalog(db).splitlines()
    return [line.split(" to ")[1].split(":")[0] for line in lines if line.startswith("grant function core.gauge(")]


def test_a_changed_body_replaces_the_function_in_place(checkout: Checkout, db: psycopg.Connection[Any]) -> None:
    write(checkout)
    checkout.write(
        "sql/core/topic/reading.sql",
        "-- needs: core.gauge\ncreate view core.g as select core.gauge();\n-- revert: drop view core.g;",
    )
    checkout.deploy(db)
    before = gauges(db)
    write(checkout, body="2")
    checkout.deploy(db)
    assert gauges(db) == before
    assert db.execute("select core.gauge()").fetchone() == (2,)
    assert events(db, "core/function/gauge") == ["deploy", "reapply"]


def test_a_grant_that_the_text_no_longer_makes_is_gone(checkout: Checkout, db: psycopg.Connection[Any]) -> None:
    write(checkout, roles="stanchion_app, stanchion_loader")
    view = """create or replace view core.gauge as select 1;
        grant select on core.gauge to {};\n-- revert: drop view core.gauge;"""
    checkout.write("sql/core/topic/reading.sql", view.format("stanchion_app, public"))
    checkout.deploy(db)
    assert grantees(db) == ["stanchion_app", "stanchion_loader"]
    write(checkout, roles="stanchion_loader")
    checkout.write("sql/core/topic/reading.sql", view.format("stanchion_loader"))
    checkout.deploy(db)
    assert grantees(db) == ["stanchion_loader"]
    granted = [
        line for line in catalog.read_catalog(db).splitlines() if line.startswith("grant relation core.gauge to")
    ]
    assert granted == ["grant relation core.gauge to stanchion_loader: select"]


def test_a_changed_signature_drops_the_old_overload_first(checkout: Checkout, db: psycopg.Connection[Any]) -> None:
    write(checkout, "a integer")
    checkout.deploy(db)
    write(checkout, "a integer, b text default ''")
    checkout.write(
        "sql/core/topic/gauge.sql", FUNCTION.format(parameters="integer, text", body="1", roles="stanchion_app")
    )
    checkout.deploy(db)
    assert [arguments for _, arguments in gauges(db)] == ["integer, text"]
    assert catalog.drift(db) == []


def test_a_signature_that_something_uses_is_refused_and_all_stays(
    checkout: Checkout, db: psycopg.Connection[Any]
) -> None:
    write(checkout)
    checkout.write(
        "sql/core/topic/reading.sql",
        "-- needs: core.gauge\ncreate view core.g as select core.gauge();\n-- revert: drop view core.g;",
    )
    checkout.deploy(db)
    before = catalog.read_catalog(db)
    write(checkout, "integer")
    with pytest.raises(StanchionError) as refused:
        checkout.deploy(db)
    assert str(refused.value).splitlines() == [
        "core/function/gauge (as deployed):1: cannot drop function core.gauge() because other objects depend on it",
        "  view core.g depends on function core.gauge()",
    ]
    assert catalog.read_catalog(db) == before


POLICY = """
alter table core.gauge enable row level security, force row level security;
{rest}
-- revert: select core.unsecure_relation('core.gauge');
"""
FIRST = """
create policy app_some on core.gauge for select to stanchion_app using (reading > 0);
create policy loader_all on core.gauge for all to stanchion_loader using (true);
grant select on core.gauge to stanchion_app;
grant insert (reading) on core.gauge to stanchion_app;
grant select, insert on core.gauge to stanchion_loader;
"""
SECOND = """
create policy app_some on core.gauge for select to stanchion_app using (reading > 1);
grant select on core.gauge to stanchion_app;
"""


def test_a_changed_policy_file_leaves_only_its_policies(checkout: Checkout, db: psycopg.Connection[Any]) -> None:
    checkout.add_table()
    for rest in (FIRST, SECOND):
        checkout.write("policies/core.gauge.sql", POLICY.format(rest=rest))
        checkout.deploy(db)
    lines = [line for line in catalog.read_catalog(db).splitlines() if "core.gauge" in line]
    assert [line for line in lines if line.startswith(("policy", "grant"))] == [
        "grant relation core.gauge to stanchion_app: select",
        "policy core.gauge.app_some: for select to stanchion_app using (reading > 1)",
    ]
    assert "table core.gauge: owner stanchion_owner, row level security, forced" in lines


@pytest.mark.parametrize("rounds", [4, pytest.param(15, marks=pytest.mark.exhaustive)])
def test_no_reader_sees_the_table_without_its_policy(
    rounds: int, checkout: Checkout, db: psycopg.Connection[Any], make_login: Callable[..., str]
) -> None:
    checkout.add_table()
    checkout.write("policies/core.gauge.sql", POLICY.format(rest=FIRST))
    checkout.deploy(db)
    db.execute("insert into core.gauge select gen_random_uuid(), n from generate_series(-5, 5) as n")
    seen: Counter[object] = Counter()
    stop, login = threading.Event(), make_login("stanchion_app")

    def poll() -> None:
        with psycopg.connect(login, autocommit=True) as conn:
            while not stop.is_set():
                try:
                    seen[conn.execute("select count(*) from core.gauge").fetchone()[0]] += 1  # type: ignore[index]
                except psycopg.Error as e:
                    seen[str(e)] += 1

    poller = threading.Thread(target=poll)
    poller.start()
    for number in range(rounds):
        before = seen.total()
        wait_until(lambda before=before: seen.total() > before + 1, "a read before the deploy")  # type: ignore[misc]
        slow = f"select pg_sleep(0.01);\n-- {number}\n"
        checkout.write("policies/core.gauge.sql", POLICY.format(rest=slow + FIRST + slow))
        checkout.deploy(db)
    before = seen.total()
    wait_until(lambda: seen.total() > before + 1, "a read after the last deploy")
    stop.set()
    poller.join()
    assert seen.keys() == {5}
