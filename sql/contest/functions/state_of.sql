-- All rows that the events of a competition come to, as one list.
create or replace function contest.state_of(p_competition text)
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
    join contest.fixture as f on f.tenant_id = s.tenant_id and f.game_key = s.game_key
    where s.tenant_id = v_tenant and f.competition_key = p_competition
    union all
    select 'dispute', d.submission_key, to_jsonb(d)
    from contest.dispute as d
    join contest.fixture as f on f.tenant_id = d.tenant_id and f.game_key = d.game_key
    where d.tenant_id = v_tenant and f.competition_key = p_competition
    union all
    select 'point_entry', format('%s %s %s %s', p.team_key, p.source, p.version, p.reason), to_jsonb(p)
    from contest.point_entry as p
    where p.tenant_id = v_tenant and p.competition_key = p_competition;
end;
$$;

comment on function contest.state_of(text) is
'One row per row of the tables, but for what loads say of its fixtures.';

-- revert: drop function contest.state_of(text);
