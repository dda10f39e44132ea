-- Enters a team, by its name, as the next one in the draw. A team that a load knows by that name is the same one.
create or replace function contest.enter_team(p_competition text, p_name text)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_competition contest.competition;
    v_team text := contest.team_key(p_name);
begin
    v_competition := contest.find_competition(p_competition);
    if v_competition.drawn > 0 then
        raise exception 'the draw has begun' using errcode = '55000';
    elsif (v_team <> '') is not true then
        raise exception 'a team has a name' using errcode = '22023';
    end if;
    perform contest.record(
        'contest.competition', p_competition, null, 'team.entered',
        jsonb_build_object(
            'team', v_team,
            'name', btrim(regexp_replace(p_name, '\s+', ' ', 'g')),
            'seed', (
                select coalesce(max(e.seed), 0) + 1
                from contest.entrant as e
                where e.tenant_id = v_competition.tenant_id and e.competition_key = p_competition
            )
        )
    );
    return v_team;
end;
$$;

comment on function contest.enter_team(text, text) is
'The key of the team. Raises 22023 for a team without a name, 23505 when it is in already, 55000 once something is drawn, P0002 for a competition that there is not, 42501 for a principal who may not.';

grant execute on function contest.enter_team(text, text) to stanchion_app;

-- The key of a team: its name in one spelling. The loader casefolds, which differs for a few letters such as ß.
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
'The name in NFC, runs of white space as one space, in lower case.';

-- revert: drop function contest.team_key(text);
-- revert: drop function contest.enter_team(text, text);
