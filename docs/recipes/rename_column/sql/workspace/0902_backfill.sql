-- no-transaction
-- Backfill: sets the column to false where it is null, a thousand rows per transaction. Other sessions wait only briefly,
-- and an interrupted run keeps its committed rows. Rows locked by other sessions are skipped and filled in the next pass.
do $$
declare
    v_left bigint := 1;
begin
    while v_left > 0 loop
        update workspace.member_status_held as t
        set online = false
        where t.ctid = any (array(
            select o.ctid
            from workspace.member_status_held as o
            where o.online is null
            order by o.tenant_id, o.principal_id
            limit 1000
            for update skip locked
        ));
        commit;
        select count(*) into v_left from workspace.member_status_held as o where o.online is null;
    end loop;
end;
$$;

-- revert: -- The rows that were null are unknown now; old code treats null and false alike.
-- revert: select 1;
