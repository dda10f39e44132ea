-- Says who plays for a team, and as which principal that person says scores.
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
    perform contest.find_competition(p_competition);
    return contest.record(
        'contest.competition', p_competition, null, 'player.entered',
        jsonb_build_object('team', p_team, 'person', p_person, 'name', p_name, 'principal', p_principal)
    );
end;
$$;

comment on function contest.enter_player(text, text, text, text, uuid) is
'The version of the competition. Raises 23503 for a team that is not in it or a principal that there is not, 23505 for a person or principal who plays in it already, P0002 for a competition that there is not, 42501 for a principal who may not.';

grant execute on function contest.enter_player(text, text, text, text, uuid) to stanchion_app;

-- revert: drop function contest.enter_player(text, text, text, text, uuid);
