-- Logs an action on a partition. The reason for keeping a day is written once, and again when it changes: otherwise a
-- hold of a year would fill the log.
create or replace function core.log_partition(p_relation text, p_day date, p_outcome text, p_reason text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_outcome <> 'kept'
        or (p_outcome, p_reason) is distinct from (
            select (l.outcome, l.reason)
            from core.partition_log as l
            where l.relation = p_relation and l.day = p_day
            order by l.log_id desc
            limit 1
        )
    then
        insert into core.partition_log (relation, day, outcome, reason) values (p_relation, p_day, p_outcome, p_reason);
    end if;
end;
$$;

comment on function core.log_partition(text, date, text, text) is
'Returns nothing. Appends to core.partition_log, unless the day was last kept for the same reason.';

-- revert: drop function core.log_partition(text, date, text, text);
