-- Decides the next orders in one transaction, from the lease to the end of the jobs: for who has no
-- worker. A caller that is killed before its commit changed nothing.
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
'How many orders were taken from the queue and decided; 0 when none waits. Raises what core.lease and stock.fulfil raise.';

grant execute on function stock.fulfil_batch(integer) to stanchion_app, stanchion_worker;

-- revert: drop function stock.fulfil_batch(integer);
