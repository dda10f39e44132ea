-- Whether more jobs of the tenant wait in a queue than so many.
--
-- Asked with every order. Fewer jobs of all queues and tenants together since the one that waits longest
-- settle it at once; else it counts, and no further than it has to.
create or replace function core.is_deeper(p_queue text, p_depth integer)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
set enable_bitmapscan = off
as $$
declare
    v_first bigint;
begin
    select j.job_id into v_first
    from core.job as j
    where j.tenant_id = core.required_tenant() and j.queue = p_queue and j.lease_id is null
    order by j.run_at, j.job_id
    limit 1;
    if v_first is null or pg_sequence_last_value('core.job_job_id_seq') - v_first < p_depth then
        return false;
    end if;
    perform 1
    from core.job as j
    where j.tenant_id = core.required_tenant() and j.queue = p_queue and j.lease_id is null
    order by j.run_at, j.job_id
    offset p_depth
    limit 1;
    return found;
end;
$$;

comment on function core.is_deeper(text, integer) is
'True when more than so many jobs of the tenant are ready in the queue. Raises 42501 without a tenant.';

-- revert: drop function core.is_deeper(text, integer);
