-- Drops an expired partition that was kept, and logs it, in one transaction. It locks the row that core.hold_partitions
-- writes, so that a legal hold that is committed first keeps the partition.
create or replace function core.drop_expired(p_child text)
returns table (relation text, day date, outcome text, reason text)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_hold text;
begin
    outcome := 'dropped';
    select p.relation, p.day into relation, day from core.expired_partition as p where p.child = p_child;
    if not found then
        raise exception '% is not an expired partition', p_child using errcode = '42704';
    end if;
    select s.hold into v_hold from core.partition_set as s where s.relation = drop_expired.relation for share;
    if v_hold is not null then
        outcome := 'kept';
        reason := 'held: ' || v_hold;
    else
        execute format('drop table %s', p_child::regclass);
    end if;
    perform core.log_partition(relation, day, outcome, reason);
    return next;
end;
$$;

comment on function core.drop_expired(text) is
'Returns the table, the first day, and the outcome: dropped, or kept when the table is held. Errors: 42704 when there is no such expired partition.';

-- needs: core.expired_partition
-- revert: drop function core.drop_expired(text);
