-- Holds a table: from the commit on, no partition of it is dropped. A reason of null ends the hold.
--
-- It writes the row that every drop locks, so it waits for a drop in progress and stops the next one.
create or replace function core.hold_partitions(p_relation text, p_reason text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    update core.partition_set as s set hold = nullif(trim(p_reason), '') where s.relation = p_relation;
    if not found then
        raise exception '% is not a partitioned table', p_relation using errcode = '42704';
    elsif trim(p_reason) = '' then
        raise exception 'a hold needs a reason that is not empty' using errcode = '22023';
    end if;
    insert into core.partition_log (relation, outcome, reason)
    values (p_relation, case when p_reason is null then 'lifted' else 'held' end, p_reason);
end;
$$;

comment on function core.hold_partitions(text, text) is
'Returns nothing. Keeps every partition of a table until it is called with null. Errors: 42704 when the table is not in core.partition_set; 22023 when the reason is empty.';

-- revert: drop function core.hold_partitions(text, text);
