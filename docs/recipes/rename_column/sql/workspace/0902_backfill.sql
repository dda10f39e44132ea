-- no-transaction
-- Backfill: what nobody said is false, a thousand rows at a time, each thousand in a transaction of its own: nobody waits
-- for long, and what was done stays done when it is interrupted. Rows that somebody holds are left for the next turn.
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

-- revert: -- Which of them nobody had said is not known any more; old code takes false for the same.
-- revert: select 1;
