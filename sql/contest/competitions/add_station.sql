-- Adds a place where one fixture at a time is played.
create or replace function contest.add_station(p_station text, p_name text)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform core.require_editor();
    return contest.record_event('contest.station', p_station, 0, 'station.added', jsonb_build_object('name', p_name));
end;
$$;

comment on function contest.add_station(text, text) is
'Returns the version of the stream of the station, which is 1. Errors: 40001 when a station with that key exists; 42501 when the principal may not add one.';

grant execute on function contest.add_station(text, text) to stanchion_app;

-- revert: drop function contest.add_station(text, text);
