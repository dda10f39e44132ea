-- On whose side whoever acts is: a player on that of the team, else an official.
--
-- An application that says no principal acts for itself, and is believed; a principal has to play here or to hold a
-- role in the tenant that may decide.
create or replace function contest.acting_side(p_game_key text)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_principal uuid := core.current_principal();
    v_side text;
begin
    if v_principal is null then
        return 'official';
    end if;
    select case p.team_key when f.home_team_key then 'home' when f.away_team_key then 'away' end into v_side
    from contest.fixture as f
    join contest.player as p on p.tenant_id = f.tenant_id and p.competition_key = f.competition_key
    where f.tenant_id = v_tenant and f.game_key = p_game_key and p.principal_id = v_principal;
    if v_side is null then
        perform core.require_editor();
    end if;
    return coalesce(v_side, 'official');
end;
$$;

comment on function contest.acting_side(text) is
'home, away or official. Raises 42501 for a principal who neither plays in the fixture nor is an owner, admin or editor.';

-- revert: drop function contest.acting_side(text);
