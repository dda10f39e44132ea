-- Drops a detached partition and logs it, in one transaction. A table with keep_detached keeps it in expired_parts instead.
--
-- It checks again, because after the detach began an operator may have held the table, or a loader may have requested the
-- day. It locks the row that core.hold_partitions writes.
create or replace function core.drop_detached(p_relation text, p_day date, p_child text)
returns table (outcome text, reason text)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_child regclass;
    v_hold text;
    v_keeps boolean;
begin
    outcome := 'dropped';
    perform pg_advisory_xact_lock('pg_class'::regclass::integer, p_relation::regclass::oid::integer);
    v_child := to_regclass(p_child);
    select s.hold, s.keep_detached into v_hold, v_keeps from core.partition_set as s where s.relation = p_relation for share;
    if not found or v_hold is not null then
        outcome := 'kept';
        reason := coalesce('held: ' || v_hold, 'its table has no row in core.partition_set any more');
    elsif v_child is null then
        outcome := 'missing';
    elsif exists (select 1 from pg_inherits as i where i.inhrelid = v_child) then
        outcome := 'kept';
        reason := 'the day was requested again and its partition is attached';
    elsif v_keeps then
        outcome := 'detached';
        reason := 'kept as ' || core.put_away(p_relation, v_child);
    else
        execute format('drop table %s', v_child);
    end if;
    perform core.log_partition(p_relation, p_day, outcome, reason);
    return next;
end;
$$;

comment on function core.drop_detached(text, date, text) is
'Returns the outcome for a table that is no longer a partition: dropped, detached (and kept in expired_parts), missing, or kept (held, or attached again).';

-- revert: drop function core.drop_detached(text, date, text);
