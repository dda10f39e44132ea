-- Handler of core.periodic: enqueues the due run of each periodic job of a lease, and plans the next one.
--
-- The row of the periodic job is locked, and its next_at must be the time of the job: so a time is run once, whatever
-- number of workers, retries and forged jobs there is. Times that were missed are not run one by one: the next run is the
-- first time after now. While a job of an earlier run waits or works, its key prevents a second one.
create or replace function core.enqueue_periodic(p_lease uuid)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz := core.clock();
    v_due jsonb;
    v_row core.periodic_job;
    v_name text;
    v_slot timestamptz;
    v_next timestamptz;
    v_job bigint;
    v_count integer := 0;
begin
    for v_due in
        select j.payload from core.job as j
        where j.tenant_id = v_tenant and j.lease_id = p_lease
        order by j.job_id
        for update
    loop
        v_name := v_due ->> 'name';
        v_slot := (v_due ->> 'slot')::timestamptz;
        select p.* into v_row from core.periodic_job as p where p.tenant_id = v_tenant and p.name = v_name for update;
        continue when not found or not v_row.is_enabled or v_row.next_at is distinct from v_slot;
        if v_slot > v_now then
            raise exception 'periodic job % is not due before %', v_name, v_slot using errcode = '55000';
        end if;
        v_job := core.enqueue(
            v_row.queue, v_row.payload || jsonb_build_object('slot', v_slot), 'periodic ' || v_name
        );
        v_next := core.next_run(v_row.cron, v_row.zone, v_now);
        update core.periodic_job as p set next_at = v_next, last_at = v_slot, last_job = v_job
        where p.tenant_id = v_tenant and p.name = v_name;
        perform core.plan_periodic(v_name, null, v_next);
        v_count := v_count + 1;
    end loop;
    return v_count;
end;
$$;

comment on function core.enqueue_periodic(uuid) is
'Returns the number of periodic jobs that were due. Errors: 55000 when one is not due yet; 22023 when its queue was removed; 42501 when no tenant is set.';

grant execute on function core.enqueue_periodic(uuid) to stanchion_worker;

-- revert: drop function core.enqueue_periodic(uuid);
