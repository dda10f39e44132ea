-- Returns the steps of an expiry run, one per day that is due or half-way. Dry runs, status and the run itself use it.
--
-- Per table, a half detached day comes first: while there is one, no other day can be detached.
create or replace function core.plan_expiry()
returns table (relation text, day date, child text, step text, reason text, until date, keeps boolean)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_today date := core.utc_day(core.clock());
    v_set core.partition_set;
    v_partition record;
    v_default text;
    v_is_due boolean;
begin
    for v_set in select s.* from core.partition_set as s order by s.relation loop
        select p.child into v_default
        from core.partition as p
        where p.relation = v_set.relation and p.state = 'default';
        for v_partition in
            select p.*
            from core.partition as p
            where
                p.relation = v_set.relation
                and (
                    p.state in ('detaching', 'detached')
                    or (p.state = 'attached' and p.until <= v_today - v_set.days_kept)
                )
            order by p.state <> 'detaching', p.day
        loop
            relation := v_partition.relation;
            day := v_partition.day;
            child := v_partition.child;
            until := v_partition.until;
            keeps := v_set.keep_detached;
            reason := 'held: ' || v_set.hold;
            v_is_due := coalesce(v_partition.until <= v_today - v_set.days_kept, false) and v_set.hold is null;
            if v_partition.state = 'detached' then
                step := case when v_is_due then 'drop' else 'attach' end;
            elsif v_partition.state = 'detaching' then
                step := case when v_is_due then 'finish' else 'restore' end;
            elsif reason is not null then
                step := 'keep';
            else
                step := 'expire';
                if v_set.guard is not null then
                    begin
                        select g.reason into reason
                        from generate_series(0, v_partition.until - day - 1) as d (n)
                        cross join lateral (select core.call_guard(v_set.guard, day + d.n) as reason) as g
                        where g.reason is not null
                        limit 1;
                        step := case when reason is not null then 'keep' else 'expire' end;
                    exception when others then  -- a guard that fails has not agreed
                        step := 'stuck';
                        reason := format('its guard %s failed: %s', v_set.guard, sqlerrm);
                    end;
                end if;
                if step = 'expire' and v_default is not null then
                    step := 'stuck';
                    reason := format('while the default partition %s exists, a detach would block every reader and writer', v_default);
                end if;
            end if;
            return next;
        end loop;
    end loop;
end;
$$;

comment on function core.plan_expiry() is
'Returns one row per day and step: expire (detach and drop), finish (an interrupted detach) and drop, drop, attach or restore (no longer due), keep (with the reason), stuck (with the fault to correct); until is the day after the last one of the partition. keeps: expire, finish and drop keep the detached partition.';

-- Calls the guard of a partitioned table for a day.
create or replace function core.call_guard(p_guard text, p_day date)
returns text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_reason text;
begin
    execute format('select %s($1)', p_guard::regproc) into v_reason using p_day;
    return v_reason;
end;
$$;

comment on function core.call_guard(text, date) is
'Returns the reason of the guard to keep the day; null when it may be dropped. Errors: 42883 when the guard does not exist.';

-- revert: drop function core.call_guard(text, date);
-- revert: drop function core.plan_expiry();
