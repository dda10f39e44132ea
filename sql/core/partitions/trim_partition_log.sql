-- Deletes log rows older than 400 days, the time for which the audit log is kept. Every run calls it at its end.
--
-- Holds stay in the log, because they are examined years later. The last row of a day that still has a partition stays
-- too, because the doctor reads it.
create or replace function core.trim_partition_log()
returns bigint
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_gone bigint;
begin
    delete from core.partition_log as l
    where l.happened_at < core.clock() - interval '400 days'
        and l.outcome not in ('held', 'lifted')
        and not exists (
            select from core.partition as p
            where p.relation = l.relation
                and p.day = l.day
                and not exists (
                    select from core.partition_log as later
                    where later.relation = l.relation and later.day = l.day and later.log_id > l.log_id
                )
        );
    get diagnostics v_gone = row_count;
    return v_gone;
end;
$$;

comment on function core.trim_partition_log() is 'Returns the number of rows deleted from core.partition_log.';

-- revert: drop function core.trim_partition_log();
