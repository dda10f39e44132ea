-- Enters a team by its name, as the next seed. A loaded team of that name is the same team.
create or replace function contest.enter_team(p_competition text, p_name text)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_competition contest.competition;
    v_seed integer;
    v_team text := contest.team_key(p_name);
begin
    v_competition := contest.lock_competition(p_competition);
    if v_competition.drawn > 0 then
        raise exception 'competition % is already drawn; teams enter before the draw', p_competition using errcode = '55000';
    elsif (v_team <> '') is not true then
        raise exception 'the name of a team must not be empty' using errcode = '22023';
    end if;
    select coalesce(max(e.seed), 0) + 1 into v_seed
    from contest.entrant as e
    where e.tenant_id = v_competition.tenant_id and e.competition_key = p_competition;
    perform contest.record_event(
        'contest.competition', p_competition, null, 'team.entered',
        jsonb_build_object(
            'team', v_team,
            'name', btrim(regexp_replace(p_name, '\s+', ' ', 'g')),
            'seed', v_seed
        )
    );
    return v_team;
end;
$$;

comment on function contest.enter_team(text, text) is
'Returns the key of the team. Errors: 22023 when the name is empty; 23505 when the team is already in the competition; 55000 when the competition is drawn; P0002 when it does not exist; 42501 when the principal may not change it.';

grant execute on function contest.enter_team(text, text) to stanchion_app;

-- Returns the key of a team: its name in one spelling. The loader casefolds, which differs for a few letters such as ß.
create or replace function contest.team_key(p_name text)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    return normalize(lower(btrim(regexp_replace(normalize(p_name, nfc), '\s+', ' ', 'g'))), nfc);
end;
$$;

comment on function contest.team_key(text) is
'Returns the name in NFC and lower case, with each run of white space as one space.';

-- revert: drop function contest.team_key(text);
-- revert: drop function contest.enter_team(text, text);
