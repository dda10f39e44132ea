"""The rules about clusters report no correct statement, and name the obstacle that each of them prevents.

mutants.toml has the statements that they report.
"""

import re

import pytest

from stanchion.audit.rules import broken
from stanchion.cluster.check import cluster_rules
from tests.sessions import Db

RULES = {path.stem: path for path in cluster_rules()}

# Bodies of functions that a cluster runs as plain Postgres does. {tenant} declares the tenant.
CORRECT = {
    "an insert of values that reads FOUND": """
        insert into core.cooldown (tenant_id, action, ready_at) values (v_tenant, 'a', core.clock())
        on conflict do nothing;
        if not found then return; end if;""",
    "an insert of a query that reads FOUND after RETURNING": """
        insert into core.cooldown (tenant_id, action, ready_at) select v_tenant, 'a', v_now where v_now is not null
        on conflict do nothing returning ready_at into v_now;
        if not found then return; end if;""",
    "an insert of a query with ON CONFLICT that nothing counts": """
        insert into core.cooldown (tenant_id, action, ready_at) select v_tenant, 'a', v_now on conflict do nothing;
        perform core.write_audit('a');""",
    "an insert of a query in a CTE": """
        with added as (
            insert into core.cooldown (tenant_id, action, ready_at)
            select v_tenant, u.a, v_now from unnest('{a}'::text[]) as u (a)
            returning 1
        )
        select count(*) into v_count from added;""",
    "an update of columns by variables": """
        update core.cooldown as c set ready_at = v_now
        where c.tenant_id = v_tenant and c.ready_at < v_now and coalesce(c.action, '') <> 'a';""",
    "a DO UPDATE by the new row": """
        insert into core.cooldown as c (tenant_id, action, ready_at) values (v_tenant, 'a', v_now)
        on conflict on constraint cooldown_pk do update
        set ready_at = case when c.ready_at <= v_now then excluded.ready_at else c.ready_at end
        returning c.ready_at into v_now;""",
    "a clock in a condition before an update": """
        if core.clock() > v_now + interval '1 second' then
            update core.cooldown as c set ready_at = v_now where c.tenant_id = v_tenant;
        end if;""",
    "a login in a condition before a query": """
        if core.is_operator() then
            perform from core.membership as m where m.tenant_id = v_tenant;
        end if;""",
    "a login that is written": """
        update contest.game_quality as q set accepted_by = session_user where q.tenant_id = v_tenant;""",
    "a call with variables and with a query on no table": """
        perform core.write_audit('a', (select string_agg(u.a, ',') from unnest('{a}'::text[]) as u (a)));
        perform core.write_audit((select 'a'), v_now::text);""",
    "an immutable call of a query": """
        v_day := core.utc_day((select max(c.ready_at) from core.cooldown as c where c.tenant_id = v_tenant));""",
    "a query beside a call": """
        select m.role, core.utc_day(v_now) into v_role, v_day from core.membership as m where m.tenant_id = v_tenant;
        perform core.write_audit('a') from core.membership as m where m.tenant_id = v_tenant;""",
    "a join that names the tenant of each table": """
        perform from core.membership as m
        join core.principal as p on p.tenant_id = v_tenant and p.principal_id = m.principal_id
        where m.tenant_id = v_tenant;""",
    "a join of every tenant": """
        perform from core.event as e
        join core.event_stream as s on s.tenant_id = e.tenant_id and s.stream_id = e.stream_id;""",
    "a recursion of one tenant": """
        perform from (
            with recursive each as (
                select min(j.job_id) as id from core.job as j where j.tenant_id = v_tenant
                union all
                select (
                    select min(j.job_id) from core.job as j where j.tenant_id = v_tenant and j.job_id > each.id
                )
                from each where each.id is not null
            ) select * from each
        ) as x;""",
    "a recursion of every tenant on one server only": """
        if exists (select from core.cluster as c) then
            perform from core.due_queues_of_node('a');
            return;
        end if;
        perform from (
            with recursive each as (
                select min(j.job_id) as id from core.job as j
                union all
                select (select min(j.job_id) from core.job as j where j.job_id > each.id) from each
                where each.id is not null
            ) select * from each
        ) as x;""",
    "an array of keys and a row": """
        select array_agg(j.job_id) into v_jobs from core.job as j where j.tenant_id = v_tenant;
        select j.* into v_job from core.job as j where j.tenant_id = v_tenant limit 1;""",
    "faults in comments and strings": """
        -- insert into core.cooldown select core.required_tenant(); update core.job set ctid = core.clock();
        /* set_config('app.tenant_id', 'x', true); select from core.job where tenant_id = core.required_tenant() */
        raise notice 'delete from core.job where ctid = % and tenant_id = core.required_tenant()',
            'it''s; insert into core.job select 1';""",
    "a local table": """
        insert into core.partition_log (relation, day, outcome)
        select 'a', current_date, 'made' from pg_class where relname = 'x';
        update core.partition_set as s set days_kept = 1 where s.relation = 'a' and core.clock() > v_now;""",
    "a partition whose rights are revoked last": """
        execute format('create table %s (like core.event)', 'parts.x');
        execute 'alter table core.event attach partition parts.x for values from (0) to (1)';
        execute 'revoke all on parts.x from stanchion_owner';""",
}
DECLARED = """
    v_tenant uuid := core.required_tenant();
    v_now timestamptz := core.clock();
    v_day date;
    v_count bigint;
    v_role text;
    v_jobs bigint[];
    v_job core.job;
"""
# Statements that a function which forces generic plans may have.
GENERIC = {
    "a lock": """
        perform from core.job as j where j.tenant_id = v_tenant order by j.run_at limit 2 for update skip locked;""",
    "an upsert": """
        insert into core.cooldown as c (tenant_id, action, ready_at) values (v_tenant, 'a', v_now)
        on conflict on constraint cooldown_pk do update set ready_at = excluded.ready_at;""",
    "a loop over a delete": """
        for v_job in delete from core.job as j where j.tenant_id = v_tenant returning j.* loop
            perform core.write_audit('a', v_job.job_id::text);
        end loop;""",
    "an aggregate": "select array_agg(j.job_id) into v_jobs from core.job as j where j.tenant_id = v_tenant;",
    "a reference table": "perform from core.queue as q where q.queue = 'a';",
}


def findings(db: Db, body: str, settings: str = "") -> list[str]:
    """Create a function and return the findings about it."""
    with db.transaction(force_rollback=True):
        db.execute(
            "create function core.planted() returns void language plpgsql volatile security definer "
            f"set search_path = pg_catalog, pg_temp {settings} as $$ declare {DECLARED} begin {body} end $$".encode()
        )
        found = broken(db, *RULES.values())
    return [str(finding) for finding in found if finding.object == "core.planted()"]


@pytest.mark.parametrize("name", CORRECT)
def test_correct_body_has_no_finding(name: str, deployed_db: Db) -> None:
    assert findings(deployed_db, CORRECT[name]) == []


@pytest.mark.parametrize("name", GENERIC)
def test_statement_may_have_a_generic_plan(name: str, deployed_db: Db) -> None:
    assert findings(deployed_db, GENERIC[name], "set plan_cache_mode = force_generic_plan") == []


def test_setting_of_a_called_function_ends_the_generic_plan(deployed_db: Db) -> None:
    body = "perform from core.membership as m where m.tenant_id = v_tenant and exists (select from core.queue);"
    assert len(findings(deployed_db, body, "set plan_cache_mode = force_generic_plan")) == 1
    assert findings(deployed_db, body, "set plan_cache_mode = auto") == []


def test_roles_log_in_on_a_cluster_only(deployed_db: Db) -> None:
    rule = next(iter(RULES.values())).with_name("roles_cannot_log_in.sql")
    with deployed_db.transaction(force_rollback=True):
        deployed_db.execute("alter role stanchion_app login")
        assert [finding.object for finding in broken(deployed_db, rule)] == ["stanchion_app"]
        deployed_db.execute(
            "insert into core.cluster (state, entry, shards, coordinator, nodes) "
            "values ('distributed', 'node', 2, 'localhost:5432', '{}')"
        )
        assert broken(deployed_db, rule) == []
        deployed_db.execute("alter role stanchion_app createdb")
        assert [finding.problem for finding in broken(deployed_db, rule)] == ["can create databases"]


def test_each_obstacle_has_a_rule() -> None:
    heads = [
        re.findall(r"^-- cluster: (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE) for path in RULES.values()
    ]
    named = {obstacle for head in heads for line in head for obstacle in line.split(", ")}
    tables = {"D1", "D8", "D9", "D12", "D14", "transaction ids", "load ids"}
    functions = {f"F{number}" for number in (1, 3, 4, 5, 6, 7, 8, 9, 10, 14, 16, 17)}  # F2 is about texts
    assert named == tables | functions
