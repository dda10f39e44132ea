-- no-transaction
-- Fills in the tenant of what stands on them, a thousand rows at a time, each thousand in a transaction of its own: nobody waits for long,
-- and what was done stays done when it is interrupted. Rows that somebody holds are left for the next turn.
do $$
declare
    v_left bigint := 1;
begin
    while v_left > 0 loop
        update stock.shelf_item as t
        set tenant_id = (select s.tenant_id from stock.shelf as s where s.shelf_id = t.shelf_id)
        where t.ctid = any (array(
            select o.ctid
            from stock.shelf_item as o
            where o.tenant_id is null
            order by o.shelf_item_id
            limit 1000
            for update skip locked
        ));
        commit;
        select count(*) into v_left from stock.shelf_item as o where o.tenant_id is null;
    end loop;
end;
$$;

-- revert: -- The column goes with the module that made it.
-- revert: select 1;
