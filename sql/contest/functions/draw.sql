-- Draws a competition: all of a bracket or a round robin, and the next round of a swiss tournament, once the
-- round before it is final.
create or replace function contest.draw(p_competition text)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_competition contest.competition;
    v_teams text[];
    v_pairings jsonb;
    v_drawn integer;
begin
    v_competition := contest.find_competition(p_competition);
    select array_agg(s.team_key order by s.points desc, s.seed) into v_teams from contest.standing(p_competition) as s;
    if v_competition.format = 'free' then
        raise exception 'its fixtures are added one by one' using errcode = '55000';
    elsif v_competition.drawn >= coalesce(v_competition.rounds, 1) then
        raise exception 'every round is drawn' using errcode = '55000';
    elsif cardinality(v_teams) >= 2 is not true then
        raise exception 'there are no two teams' using errcode = '55000';
    elsif exists (
        select 1
        from contest.fixture as f
        where f.tenant_id = v_tenant and f.competition_key = p_competition and f.status <> 'final'
    ) then
        raise exception 'a fixture of the last round is not final' using errcode = '55000';
    end if;
    if v_competition.format = 'swiss' then
        select jsonb_agg(to_jsonb(s) || jsonb_build_object('round', v_competition.drawn + 1)) into v_pairings
        from contest.swiss_round(
            v_teams,
            array(
                select unnest(array[p.home_team_key, p.away_team_key])
                from contest.pairing as p
                where p.tenant_id = v_tenant and p.competition_key = p_competition and not p.is_bye
            ),
            array(
                select p.home_team_key
                from contest.pairing as p
                where p.tenant_id = v_tenant and p.competition_key = p_competition and p.is_bye
            )
        ) as s;
    elsif v_competition.format = 'round robin' then
        select jsonb_agg(to_jsonb(s)) into v_pairings from contest.round_robin(v_teams) as s;
    else
        select jsonb_agg(to_jsonb(s)) into v_pairings from contest.bracket(v_teams) as s;
    end if;
    if v_pairings is null then
        raise exception 'there is no round in which nobody meets again' using errcode = '55000';
    end if;
    select
        jsonb_agg(
            case
                when p.pairing ->> 'home' is null or p.pairing ->> 'away' is null then p.pairing
                else p.pairing || jsonb_build_object(
                    'fixture', format('%s/%s/%s', p_competition, p.pairing ->> 'round', p.pairing ->> 'slot')
                )
            end
            order by (p.pairing ->> 'round')::integer, (p.pairing ->> 'slot')::integer
        ),
        max((p.pairing ->> 'round')::integer)
    into v_pairings, v_drawn
    from jsonb_array_elements(v_pairings) as p (pairing);
    perform contest.record(
        'contest.competition', p_competition, null, 'round.drawn',
        jsonb_build_object('drawn', v_drawn, 'pairings', v_pairings)
    );
    return v_drawn;
end;
$$;

comment on function contest.draw(text) is
'How many rounds are drawn then. Raises 55000 when there is nothing to draw: every round is drawn, a fixture is not final, everybody has met, or there are no two teams; P0002 for a competition that there is not, 42501 for a principal who may not.';

grant execute on function contest.draw(text) to stanchion_app;

-- revert: drop function contest.draw(text);
