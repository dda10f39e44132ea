-- Writes down what became of a day. Why a day is kept is written once, and again when it is another
-- reason: a hold of a year would fill the log otherwise.
create or replace function core.log_partition(p_relation text, p_day date, p_outcome text, p_reason text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into core.partition_log (relation, day, outcome, reason)
    select p_relation, p_day, p_outcome, p_reason
    where
        p_outcome <> 'kept'
        or (p_outcome, p_reason) is distinct from (
            select (l.outcome, l.reason)
            from core.partition_log as l
            where l.relation = p_relation and l.day = p_day
            order by l.log_id desc
            limit 1
        );
end;
$$;

comment on function core.log_partition(text, date, text, text) is
'Appends to core.partition_log, unless the day was kept for the same reason before.';

-- revert: drop function core.log_partition(text, date, text, text);
