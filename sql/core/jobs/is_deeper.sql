-- Returns whether more jobs of the tenant wait in a queue than a given number.
--
-- Every order calls this function. When the sequence shows that fewer jobs of all tenants and queues were enqueued since
-- the longest waiting one, the answer is known at once; otherwise it counts only as far as needed. On a cluster each node
-- has numbers of its own, and leaves a large gap in them when a tenant arrives: a job that waited while its tenant moved
-- shows nothing.
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
    v_tenant uuid := core.required_tenant();
    v_first bigint;
begin
    select j.job_id into v_first
    from core.job as j
    where j.tenant_id = v_tenant and j.queue = p_queue and j.lease_id is null
    order by j.run_at, j.job_id
    limit 1;
    if v_first is null or pg_sequence_last_value('core.job_job_id_seq') - v_first between 0 and p_depth - 1 then
        return false;
    end if;
    perform 1
    from core.job as j
    where j.tenant_id = v_tenant and j.queue = p_queue and j.lease_id is null
    order by j.run_at, j.job_id
    offset p_depth
    limit 1;
    return found;
end;
$$;

comment on function core.is_deeper(text, integer) is
'Returns true when more than that number of jobs of the tenant are ready in the queue. Errors: 42501 when no tenant is set.';

-- revert: drop function core.is_deeper(text, integer);
