-- Decides the next orders in one transaction, from the lease to the completion, for applications without a job worker. A
-- caller that is killed before its commit changes nothing.
create or replace function stock.fulfil_batch(p_limit integer default 50)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_lease uuid;
begin
    select l.lease_id into v_lease from core.lease('stock.orders', 'stock.fulfil_batch', p_limit) as l limit 1;
    if v_lease is null then
        return 0;
    end if;
    perform stock.fulfil(v_lease);
    return core.complete(v_lease);
end;
$$;

comment on function stock.fulfil_batch(integer) is
'Returns the number of orders that were decided; 0 when none waits. Errors: those of core.lease and stock.fulfil.';

grant execute on function stock.fulfil_batch(integer) to stanchion_app, stanchion_worker;

-- revert: drop function stock.fulfil_batch(integer);
