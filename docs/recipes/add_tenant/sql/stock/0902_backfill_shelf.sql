-- no-transaction
-- Fills in the tenant of the shelves, a thousand rows at a time, each thousand in a transaction of its own: nobody waits for long,
-- and what was done stays done when it is interrupted. Rows that somebody holds are left for the next turn.
do $$
declare
    v_left bigint := 1;
begin
    while v_left > 0 loop
        update stock.shelf as t
        set tenant_id = (select c.tenant_id from core.tenant as c where c.slug = t.shop)
        where t.ctid = any (array(
            select o.ctid
            from stock.shelf as o
            where o.tenant_id is null
            order by o.shelf_id
            limit 1000
            for update skip locked
        ));
        commit;
        select count(*) into v_left from stock.shelf as o where o.tenant_id is null;
    end loop;
end;
$$;

-- revert: -- The column goes with the module that made it.
-- revert: select 1;
