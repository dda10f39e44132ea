-- Gives a fixture a time, and a station that is free at that time.
--
-- Two fixtures never occupy one station at the same time: each booking updates the row of the station, so that a second
-- booking waits and then checks the first. Above READ COMMITTED it is refused and retries. A fixture that ends when
-- another begins does not overlap with it.
create or replace function contest.schedule_fixture(
    p_game_key text, p_station text, p_starts_at timestamptz, p_ends_at timestamptz
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_fixture contest.fixture;
    v_other text;
    v_earliest timestamptz;
begin
    perform core.require_editor();
    v_fixture := contest.lock_fixture(p_game_key, null);
    if (p_starts_at < p_ends_at and p_ends_at <= p_starts_at + interval '7 days') is not true then
        raise exception 'a fixture must end after it starts and within a week, not run from % to %', p_starts_at, p_ends_at
            using errcode = '22023';
    elsif v_fixture.status = 'final' then
        raise exception 'fixture % is over', p_game_key using errcode = '55000';
    end if;
    if p_station is not null then
        update contest.station as s
        set bookings = s.bookings + 1
        where s.tenant_id = v_tenant and s.station_key = p_station;
        if not found then
            raise exception 'station % does not exist', p_station using errcode = 'P0002';
        end if;
        -- no fixture is longer than a week, so one that began earlier is over
        v_earliest := p_starts_at - interval '7 days';
        select f.game_key into v_other
        from contest.fixture as f
        where
            f.tenant_id = v_tenant and f.station_key = p_station and f.game_key <> p_game_key
            and f.starts_at < p_ends_at and f.starts_at > v_earliest and f.ends_at > p_starts_at
        order by f.starts_at
        limit 1;
        if found then
            raise exception 'station % is booked by fixture % at that time', p_station, v_other using errcode = '23P01';
        end if;
    end if;
    return contest.record_event(
        'contest.fixture', p_game_key, v_fixture.version, 'fixture.scheduled',
        jsonb_build_object('station', p_station, 'starts_at', p_starts_at, 'ends_at', p_ends_at)
    );
end;
$$;

comment on function contest.schedule_fixture(text, text, timestamptz, timestamptz) is
'Returns the version of the fixture. Errors: 23P01 when the station is booked at that time; 22023 when the time is invalid; 55000 when the fixture is over or has no competition; P0002 when the fixture or the station does not exist; 40001 above READ COMMITTED when another session just booked the station; 42501 when the principal may not schedule it.';

grant execute on function contest.schedule_fixture(text, text, timestamptz, timestamptz) to stanchion_app;

-- revert: drop function contest.schedule_fixture(text, text, timestamptz, timestamptz);
