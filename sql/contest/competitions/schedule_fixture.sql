-- Gives a fixture a time, and a station that is free then.
--
-- Two fixtures never hold one station at the same time: who books it first moves the row of the station, so that
-- another one waits, and then looks at what is booked; above READ COMMITTED it is refused and tries again. What ends
-- when another begins does not overlap.
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
    v_tenant uuid := core.required_tenant();
    v_fixture contest.fixture;
    v_other text;
begin
    perform core.require_editor();
    v_fixture := contest.lock_fixture(p_game_key, null);
    if (p_starts_at < p_ends_at and p_ends_at <= p_starts_at + interval '7 days') is not true then
        raise exception 'a fixture ends after it starts, within a week' using errcode = '22023';
    elsif v_fixture.status = 'final' then
        raise exception 'the fixture is over' using errcode = '55000';
    end if;
    if p_station is not null then
        update contest.station as s
        set bookings = s.bookings + 1
        where s.tenant_id = v_tenant and s.station_key = p_station;
        if not found then
            raise exception 'there is no such station' using errcode = 'P0002';
        end if;
        -- nothing is longer than a week, so that nothing that began before can still go on
        select f.game_key into v_other
        from contest.fixture as f
        where
            f.tenant_id = v_tenant and f.station_key = p_station and f.game_key <> p_game_key
            and f.starts_at < p_ends_at and f.starts_at > p_starts_at - interval '7 days' and f.ends_at > p_starts_at
        order by f.starts_at
        limit 1;
        if found then
            raise exception 'the station is taken by %', v_other using errcode = '23P01';
        end if;
    end if;
    return contest.record(
        'contest.fixture', p_game_key, v_fixture.version, 'fixture.scheduled',
        jsonb_build_object('station', p_station, 'starts_at', p_starts_at, 'ends_at', p_ends_at)
    );
end;
$$;

comment on function contest.schedule_fixture(text, text, timestamptz, timestamptz) is
'The version of the fixture. Raises 23P01 when the station is taken then, 22023 for a time that cannot be, 55000 for a fixture that is over or of no competition, P0002 for a fixture or station that there is not, 40001 above READ COMMITTED when somebody else just booked the station, 42501 for a principal who may not.';

grant execute on function contest.schedule_fixture(text, text, timestamptz, timestamptz) to stanchion_app;

-- revert: drop function contest.schedule_fixture(text, text, timestamptz, timestamptz);
