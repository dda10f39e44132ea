-- Leases the due run of a kind to this session, which holds the lock of the kind until it ends. For operators.
--
-- The lock is of the session and not of the transaction: a build cannot run in one transaction. A killed process loses the
-- lock at once, and its run is leased again. A time that was missed, or that passed during a long run, causes one run.
create or replace function core.lease_operation(p_kind text, p_worker text)
returns table (run_id bigint, attempt integer)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := core.clock();
    v_operation core.operation;
    v_run core.operation_run;
    v_next timestamptz;
begin
    if not pg_try_advisory_lock('core.operation'::regclass::integer, hashtext(p_kind)) then
        return;
    end if;
    select o.* into v_operation from core.operation as o where o.kind = p_kind for update;
    if not found then
        raise exception 'operation % does not exist', p_kind using errcode = '22023';
    end if;
    select r.* into v_run from core.operation_run as r where r.kind = p_kind and r.state in ('ready', 'leased');
    if v_run.state = 'leased' and v_run.attempts >= v_operation.attempts then
        update core.operation_run as r
        set state = 'dead', finished_at = v_now, last_error = 'its process ended before the run was complete'
        where r.run_id = v_run.run_id;
        v_run := null;
    end if;
    if v_run.run_id is null and v_operation.is_enabled and v_operation.next_at <= v_now then
        v_next := core.next_run(v_operation.cron, v_operation.zone, v_now);
        update core.operation as o set next_at = v_next where o.kind = p_kind;
        insert into core.operation_run as r (kind, slot, run_at, enqueued_at)
        values (
            p_kind, case when v_operation.next_at > 'epoch' then v_operation.next_at else date_trunc('minute', v_now, 'UTC') end,
            v_now, v_now
        )
        on conflict on constraint operation_run_slot_once do nothing  -- the clock was set back
        returning r.* into v_run;
    end if;
    if v_run.state = 'leased' or v_run.run_at <= v_now then
        return query
        update core.operation_run as r
        set state = 'leased', attempts = r.attempts + 1, started_at = v_now, leased_by = p_worker
        where r.run_id = v_run.run_id
        returning r.run_id, r.attempts;
    end if;
end;
$$;

comment on function core.lease_operation(text, text) is
'Returns the run and the number of its attempt; no row when none is due or another session runs the kind. Errors: 22023 when the kind does not exist.';

-- Ends the attempt of this session: the run is done, waits for its next attempt, or is dead.
create or replace function core.finish_operation(p_run bigint, p_attempt integer, p_error text, p_result jsonb default null)
returns text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := core.clock();
    v_kind text;
    v_state text;
begin
    update core.operation_run as r
    set
        state = case when p_error is null then 'done' when r.attempts < o.attempts then 'ready' else 'dead' end,
        run_at = v_now + least(interval '1 minute' * 2 ^ least(p_attempt - 1, 30), interval '1 hour'),
        finished_at = v_now,
        last_error = p_error,
        result = p_result
    from core.operation as o
    where r.run_id = p_run and r.attempts = p_attempt and r.state = 'leased' and o.kind = r.kind
    returning r.kind, r.state into v_kind, v_state;
    delete from core.operation_run as r
    where r.kind = v_kind and r.state in ('done', 'dead') and r.run_id not in (
        select k.run_id from core.operation_run as k where k.kind = v_kind order by k.run_id desc limit 50
    );
    return v_state;
end;
$$;

comment on function core.finish_operation(bigint, integer, text, jsonb) is
'Returns the new state of the run: done, ready when it is retried, or dead; null when the attempt has lost the run. Deletes all but the latest 50 runs of the kind.';

-- Returns the kinds that have a run to lease. A kind whose lock another session holds is left out.
create or replace function core.due_operations()
returns setof text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := core.clock();
begin
    return query
    select o.kind
    from core.operation as o
    left join core.operation_run as r on r.kind = o.kind and r.state in ('ready', 'leased')
    where
        case
            when r.state = 'leased' then true
            when r.state = 'ready' then r.run_at <= v_now
            else o.is_enabled and o.next_at <= v_now
        end
        and not exists (
            select from pg_locks as l
            where
                l.locktype = 'advisory' and l.granted and l.objsubid = 2
                and l.database = (select d.oid from pg_database as d where d.datname = current_database())
                and l.classid = 'core.operation'::regclass::oid
                and l.objid = (hashtext(o.kind)::bigint & 4294967295)::oid
        )
    order by o.kind;
end;
$$;

comment on function core.due_operations() is 'Returns the kinds of periodic work of the platform that have a run to lease and no session that runs it.';

-- revert: drop function core.lease_operation(text, text);
-- revert: drop function core.finish_operation(bigint, integer, text, jsonb);
-- revert: drop function core.due_operations();
