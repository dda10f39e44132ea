-- Deletes the projection of a competition, replays all its events, and returns the rows that differ from before. The
-- tables then equal the events; roll back to only compare.
--
-- Events of several streams are replayed in the order in which they were written: an event that depends on the commit of
-- another has a later position. No session can change the competition during a replay.
create or replace function contest.replay(p_competition text)
returns table (relation text, key text, stored jsonb, replayed jsonb)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_fixtures text[];
    v_stream text;
    v_stored jsonb;
    v_replayed jsonb;
    v_event record;
    v_is_known boolean;
begin
    perform 1
    from contest.competition as c
    where c.tenant_id = v_tenant and c.competition_key = p_competition
    for update;
    v_fixtures := array(
        select distinct named.value #>> '{}'
        from core.event as e
        cross join lateral jsonb_path_query(e.payload, 'strict $.**.fixture') as named (value)
        where e.tenant_id = v_tenant and e.stream_type = 'contest.competition' and e.stream_id = p_competition
    );
    perform contest.lock_fixtures(v_fixtures);
    select s.stream_id into v_stream
    from core.event_stream as s
    left join (
        select e.stream_type, e.stream_id, count(*) as events
        from core.event as e
        where e.tenant_id = v_tenant and e.stream_type in ('contest.competition', 'contest.fixture')
            and e.stream_id = any (v_fixtures || p_competition)
        group by e.stream_type, e.stream_id
    ) as kept on kept.stream_type = s.stream_type and kept.stream_id = s.stream_id
    where
        s.tenant_id = v_tenant and s.version is distinct from kept.events
        and (
            (s.stream_type = 'contest.competition' and s.stream_id = p_competition)
            or (s.stream_type = 'contest.fixture' and s.stream_id = any (v_fixtures))
        )
    limit 1;
    if found then
        raise exception 'events of % have expired', v_stream using errcode = '55000';
    end if;
    select coalesce(jsonb_object_agg(s.relation || ' ' || s.key, s.facts), '{}') into v_stored
    from contest.projected_rows(p_competition) as s;

    delete from contest.point_entry as p
    where p.tenant_id = v_tenant and p.competition_key = p_competition;
    delete from contest.score_submission as s
    where s.tenant_id = v_tenant and s.game_key in (
        select f.game_key from contest.fixture as f where f.tenant_id = v_tenant and f.competition_key = p_competition
    );
    delete from contest.pairing as p
    where p.tenant_id = v_tenant and p.competition_key = p_competition;
    update contest.fixture as f
    set
        competition_key = null,
        round = null,
        station_key = null,
        starts_at = null,
        ends_at = null,
        version = 0,
        official_home = null,
        official_away = null,
        status = case when f.content_hash is null then 'scheduled' else 'live' end
    where f.tenant_id = v_tenant and f.competition_key = p_competition;
    delete from contest.entrant as e
    where e.tenant_id = v_tenant and e.competition_key = p_competition;
    for v_event in
        select e.stream_type, e.stream_id, e.version, e.event_type, e.payload
        from core.event as e
        where
            e.tenant_id = v_tenant
            and (
                (e.stream_type = 'contest.competition' and e.stream_id = p_competition)
                or (e.stream_type = 'contest.fixture' and e.stream_id = any (v_fixtures))
            )
        order by e.position
    loop
        perform contest.apply_event(v_event.stream_type, v_event.stream_id, v_event.version, v_event.event_type, v_event.payload);
        v_is_known := true;
    end loop;
    if v_is_known is null then
        raise exception 'competition % does not exist', p_competition using errcode = 'P0002';
    end if;
    select coalesce(jsonb_object_agg(s.relation || ' ' || s.key, s.facts), '{}') into v_replayed
    from contest.projected_rows(p_competition) as s;
    return query
    select split_part(n.name, ' ', 1), substr(n.name, strpos(n.name, ' ') + 1), v_stored -> n.name, v_replayed -> n.name
    from (
        select jsonb_object_keys(v_stored) as name
        union
        select jsonb_object_keys(v_replayed) as name
    ) as n
    where v_stored -> n.name is distinct from v_replayed -> n.name
    order by n.name;
end;
$$;

comment on function contest.replay(text) is
'Returns one row per row that differs, as stored and as replayed; null where a side has no row. Errors: P0002 when the competition has no events; 55000 when some of its events have expired; 42501 when no tenant is set.';

-- Returns all rows of the projection of a competition as one list.
create or replace function contest.projected_rows(p_competition text)
returns table (relation text, key text, facts jsonb)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
begin
    return query
    select 'competition', c.competition_key, to_jsonb(c)
    from contest.competition as c
    where c.tenant_id = v_tenant and c.competition_key = p_competition
    union all
    select 'entrant', e.team_key, to_jsonb(e)
    from contest.entrant as e
    where e.tenant_id = v_tenant and e.competition_key = p_competition
    union all
    select 'player', p.person_key, to_jsonb(p)
    from contest.player as p
    where p.tenant_id = v_tenant and p.competition_key = p_competition
    union all
    select 'pairing', format('%s/%s', p.round, p.slot), to_jsonb(p)
    from contest.pairing as p
    where p.tenant_id = v_tenant and p.competition_key = p_competition
    union all
    select
        'fixture', f.game_key,
        jsonb_build_object(
            'version', f.version, 'round', f.round, 'home', f.home_team_key, 'away', f.away_team_key,
            'station', f.station_key, 'starts_at', f.starts_at, 'ends_at', f.ends_at,
            'official_home', f.official_home, 'official_away', f.official_away, 'is_final', f.status = 'final'
        )
    from contest.fixture as f
    where f.tenant_id = v_tenant and f.competition_key = p_competition
    union all
    select 'score_submission', s.submission_key, to_jsonb(s)
    from contest.score_submission as s
    join contest.fixture as f on f.tenant_id = v_tenant and f.game_key = s.game_key
    where s.tenant_id = v_tenant and f.competition_key = p_competition
    union all
    select 'dispute', d.submission_key, to_jsonb(d)
    from contest.dispute as d
    join contest.fixture as f on f.tenant_id = v_tenant and f.game_key = d.game_key
    where d.tenant_id = v_tenant and f.competition_key = p_competition
    union all
    select 'point_entry', format('%s %s %s %s', p.team_key, p.source, p.version, p.reason), to_jsonb(p)
    from contest.point_entry as p
    where p.tenant_id = v_tenant and p.competition_key = p_competition;
end;
$$;

comment on function contest.projected_rows(text) is
'Returns one row per row of the tables, without the columns of fixtures that loads write.';

-- revert: drop function contest.projected_rows(text);
-- revert: drop function contest.replay(text);
