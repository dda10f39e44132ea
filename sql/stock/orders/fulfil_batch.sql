-- Decides the next orders in one transaction, from the lease to the completion, for applications without a job worker. A
-- caller that is killed before its commit changes nothing.
--
-- When a batch fails because of its data, its orders are decided one by one. An order that fails alone could never succeed
-- and would stop every later batch, so it is dead at once, with its error.
create or replace function stock.fulfil_batch(p_limit integer default 50)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_lease uuid;
    v_job record;
    v_decided integer := 0;
    v_state text;
    v_error text;
begin
    select l.lease_id into v_lease from core.lease_jobs('stock.orders', 'stock.fulfil_batch', p_limit, null) as l limit 1;
    if v_lease is null then
        return 0;
    end if;
    begin
        perform stock.fulfil(v_lease);
        return core.complete(v_lease);
    exception when data_exception or integrity_constraint_violation or program_limit_exceeded or no_data_found then
        null;
    end;
    for v_job in select s.lease_id, s.job_id from core.split_lease(v_lease) as s order by s.job_id loop
        begin
            perform stock.fulfil(v_job.lease_id);
            v_decided := v_decided + core.complete(v_job.lease_id);
        exception when data_exception or integrity_constraint_violation or program_limit_exceeded or no_data_found then
            get stacked diagnostics v_state = returned_sqlstate, v_error = message_text;
            if v_state = '23505' then  -- another session just bought with the key, which a retry will see
                raise;
            end if;
            perform core.release_job(array[v_job.job_id], format('%s: %s', v_state, v_error), true);
        end;
    end loop;
    return v_decided;
end;
$$;

comment on function stock.fulfil_batch(integer) is
'Returns the number of orders that were decided. An order that can never be decided is moved to core.job_dead with its error. Errors: 22023 when the limit is not between 1 and 1000; 23505 when another session just bought with one of the keys; 42501 when no tenant is set.';

grant execute on function stock.fulfil_batch(integer) to stanchion_app, stanchion_worker;

-- revert: drop function stock.fulfil_batch(integer);
