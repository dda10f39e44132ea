-- Lets the tables that are kept for long have partitions of months from now on. On a cluster every partition is multiplied
-- by the shards, and days would be too many. `stanchion cluster run` calls it.
create or replace function core.use_months()
returns integer
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_changed integer;
begin
    update core.partition_set as s
    set span = 'month'
    where
        s.span = 'day'
        and coalesce(s.days_kept, 2147483647) >= 90
        and s.made_by = 'stanchion'
        and s.relation in (select p.name from core.placement as p where p.class = 'distributed');
    get diagnostics v_changed = row_count;
    return v_changed;
end;
$$;

comment on function core.use_months() is
'Returns the number of tables whose new partitions are months from now on: distributed tables kept permanently or for at least 90 days. Existing partitions stay.';

-- revert: drop function core.use_months();
