-- Holds a table: from the commit on nothing of it goes, whatever is due. A reason of null lifts it.
--
-- It writes the row that every drop locks, so it waits for a drop that has begun and stops the next.
create or replace function core.hold_partitions(p_relation text, p_reason text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    update core.partition_set as s set hold = nullif(trim(p_reason), '') where s.relation = p_relation;
    if not found then
        raise exception 'there is no partitioned table %', p_relation using errcode = '42704';
    elsif trim(p_reason) = '' then
        raise exception 'a hold needs a reason' using errcode = '22023';
    end if;
    insert into core.partition_log (relation, outcome, reason)
    values (p_relation, case when p_reason is null then 'lifted' else 'held' end, p_reason);
end;
$$;

comment on function core.hold_partitions(text, text) is
'Keeps every day of a table until it is called with null. Raises 42704 for a table that is not in core.partition_set, 22023 without a reason.';

-- revert: drop function core.hold_partitions(text, text);
