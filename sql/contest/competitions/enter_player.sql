-- Enters a player of a team, with the principal that submits and confirms scores for the player.
create or replace function contest.enter_player(
    p_competition text, p_team text, p_person text, p_name text, p_principal uuid default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform contest.lock_competition(p_competition);
    return contest.record_event(
        'contest.competition', p_competition, null, 'player.entered',
        jsonb_build_object('team', p_team, 'person', p_person, 'name', p_name, 'principal', p_principal)
    );
end;
$$;

comment on function contest.enter_player(text, text, text, text, uuid) is
'Returns the version of the competition. Errors: 23503 when the team is not in the competition or the principal does not exist; 23505 when the person or principal already plays in it; P0002 when the competition does not exist; 42501 when the principal may not change it.';

grant execute on function contest.enter_player(text, text, text, text, uuid) to stanchion_app;

-- revert: drop function contest.enter_player(text, text, text, text, uuid);
