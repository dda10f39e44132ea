-- Waits until every session of this node that is beginning a load has committed: landing.begin_load holds the same lock.
--
-- The mirror of the marts calls it on each node of a cluster. A load with a lower id than a visible one may still be
-- uncommitted on another node, and its data would be missed.
create or replace function landing.wait_for_begun_loads()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_advisory_xact_lock_shared(hashtextextended('stanchion begins a load', 0));
end;
$$;

comment on function landing.wait_for_begun_loads() is
'Returns nothing. Waits for the sessions of this node that are beginning a load.';

grant execute on function landing.wait_for_begun_loads() to stanchion_builder;

-- revert: drop function landing.wait_for_begun_loads();
