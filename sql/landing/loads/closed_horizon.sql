-- Returns the load up to which all data is visible: no load with this id or a lower one is still running.
create or replace function landing.closed_horizon()
returns bigint
language sql
stable
parallel safe
begin atomic
    select coalesce(
        (
            select min(b.load_id) - 1
            from landing.load_batch as b
            where b.state = 'running'
        ),
        (
            select max(b.load_id)
            from landing.load_batch as b
        ),
        0
    );
end;

comment on function landing.closed_horizon() is
'Returns the highest load id at or below which no load is running, over the tenants that the caller sees; 0 before the first.';

grant execute on function landing.closed_horizon() to stanchion_builder, stanchion_loader;

-- revert: drop function landing.closed_horizon();
