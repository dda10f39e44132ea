-- Up to which load everything is there: no load with this id or a lower one is still writing.
create or replace function landing.closed_horizon()
returns bigint
language sql
stable
parallel safe
begin atomic
    select coalesce(min(b.load_id) filter (where b.state = 'running') - 1, max(b.load_id), 0)
    from landing.load_batch as b;
end;

comment on function landing.closed_horizon() is
'The highest load id at or below which no load is running, of the tenants that the caller sees; 0 before the first.';

grant execute on function landing.closed_horizon() to stanchion_builder, stanchion_loader;

-- revert: drop function landing.closed_horizon();
