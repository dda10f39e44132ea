-- What a round without an opponent is worth: in a swiss tournament a win; in a bracket nothing but the way on.
create or replace function contest.enter_bye(p_competition text, p_round integer, p_team text, p_at timestamptz)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
begin
    insert into contest.point_entry (
        tenant_id, competition_key, team_key, source, version, reason, round, points, played, won, drawn, lost,
        score_for, score_against, entered_at
    )
    select v_tenant, p_competition, p_team, 'round ' || p_round, 0, 'bye', p_round, c.points_win, 0, 0, 0, 0, 0, 0, p_at
    from contest.competition as c
    where c.tenant_id = v_tenant and c.competition_key = p_competition and c.format = 'swiss';
end;
$$;

comment on function contest.enter_bye(text, integer, text, timestamptz) is
'Nothing.';

-- revert: drop function contest.enter_bye(text, integer, text, timestamptz);
