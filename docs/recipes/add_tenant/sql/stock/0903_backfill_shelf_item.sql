-- no-transaction
-- Fills in the tenant of the items on the shelves, a thousand rows per transaction. Other sessions wait only briefly, and an
-- interrupted run keeps its committed rows. Rows locked by other sessions are skipped and filled in the next pass.
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

-- revert: -- Reverting 0901 drops the column.
-- revert: select 1;
