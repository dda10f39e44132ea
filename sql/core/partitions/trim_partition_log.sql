-- Forgets what became of days more than 400 days ago, as long as the audit is kept. A run does so when it ends.
--
-- Who held what and lifted it stays: that is asked years later. So does the last word about a day that is still
-- there, which the doctor reads.
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

comment on function core.trim_partition_log() is 'Deletes what core.partition_log no longer needs and returns how many rows that were.';

-- revert: drop function core.trim_partition_log();
