"""Changes of tenants take effect immediately and are in the audit log."""

import json
from collections.abc import Callable
from typing import Any

import psycopg

Stanchion = Callable[..., Any]


def test_a_tenant_is_added_configured_and_listed(call: Stanchion, db: psycopg.Connection[Any]) -> None:
    added = json.loads(call("tenant", "add", "harbour", "--name", "Harbour League", "--json").out)
    assert call("tenant", "domain", "harbour", "Stats.Harbour.example").code == 0
    call("tenant", "config", "harbour", "contest.period_seconds", "1080", "--from", "2020-09-01")
    later = json.loads(
        call("tenant", "config", "harbour", "contest.periods", "2", "--from", "2999-01-01", "--json").out
    )
    settings = {row["setting"]: row for row in later}
    assert settings["contest.period_seconds"]["value"] == "1080"
    assert settings["contest.period_seconds"]["since"] == "2020-09-01"
    assert settings["contest.periods"]["value"] == "3"
    assert settings["contest.periods"]["later"] == "2 from 2999-01-01"
    (row,) = json.loads(call("tenant", "list", "--json").out)
    assert (row["slug"], row["tenant_id"], row["domains"]) == ("harbour", added["tenant_id"], "stats.harbour.example")
    actions = db.execute(
        "select action from core.audit_log where tenant_id = %s order by recorded_at", [row["tenant_id"]]
    )
    assert [action for (action,) in actions] == ["tenant.create", "domain.add", "config.set", "config.set"]


def test_all_rules_of_a_kind_of_league_are_set_at_once(call: Stanchion, db: psycopg.Connection[Any]) -> None:
    call("tenant", "add", "harbour")
    rows = json.loads(call("tenant", "config", "harbour", "--rules", "pwhl", "--from", "2020-09-01", "--json").out)
    values = {row["setting"]: (row["value"], row["since"]) for row in rows}
    assert values["contest.points_regular_win"] == ("1", "2020-09-01")
    assert values["contest.overtime_seconds"] == ("300", "2020-09-01")
    rules = db.execute(
        "select points_win + points_regular_win, points_overtime_loss from contest.league_rules "
        "join core.tenant using (tenant_id) where slug = 'harbour' and valid_from = '2020-09-01'"
    ).fetchone()
    assert rules == (3, 1)
    both = call("tenant", "config", "harbour", "contest.periods", "2", "--rules", "nhl")
    assert both.code == 2
    assert "not both" in both.err


def test_a_key_is_printed_once_works_and_is_revoked(
    call: Stanchion, tenants: dict[str, str], make_login: Callable[..., str]
) -> None:
    made = call("key", "create", "ours", "scoreboard", "--scope", "read").out.strip()
    login = make_login("stanchion_app")

    def opens() -> list[Any]:
        with psycopg.connect(login) as conn:
            return conn.execute("select tenant_id::text, scopes from core.use_api_key(%s)", [made]).fetchall()

    assert opens() == [(tenants["ours"], ["read"])]
    listed = call("key", "list", "ours")
    assert "scoreboard" in listed.out
    assert made not in listed.out
    assert call("key", "revoke", "ours", "scoreboard").code == 0
    assert opens() == []
    assert call("key", "create", "ours", "scoreboard").code == 0  # the name is free again


def test_doctor_prints_each_problem_with_its_remedy(
    call: Stanchion, db: psycopg.Connection[Any], make_login: Any
) -> None:
    assert call("doctor").code == 0
    db.execute("alter policy own_tenant on core.principal using (true)")
    db.execute("select core.ensure_due_partitions()")
    day = db.execute("select (now() at time zone 'UTC')::date + 1").fetchone()[0]
    db.execute(f"drop table parts.core__audit_log__{day:%Y%m%d}")
    make_login("stanchion_app")
    db.execute("delete from core.module_ledger where name = 'contest/view/league_rules'")
    doctor = call("doctor", "--strict")
    assert doctor.code == 1
    for words in (
        "core.principal: policy own_tenant for stanchion_app has the condition true",
        f"no partition for {day}",
        "has no statement_timeout",
        "contest/view/league_rules",
        "Changed by hand: changed: policy core.principal.own_tenant",
    ):
        assert words in doctor.out
    assert call("doctor").code == 0  # only --strict changes the exit code
    checks = json.loads(call("doctor", "--json").out)
    assert sum(len(check["alerts"]) for check in checks) >= 5
