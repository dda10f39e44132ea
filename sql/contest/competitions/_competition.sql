-- The competition that somebody is about to change: one at a time does.
create or replace function contest.find_competition(p_competition text)
returns contest.competition
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_competition contest.competition;
begin
    perform core.require_editor();
    select c.* into v_competition
    from contest.competition as c
    where c.tenant_id = core.required_tenant() and c.competition_key = p_competition
    for no key update;
    if not found then
        raise exception 'there is no such competition' using errcode = 'P0002';
    end if;
    return v_competition;
end;
$$;

comment on function contest.find_competition(text) is
'The competition, locked. Raises P0002 when there is none, 42501 for a principal who may not change it.';

-- revert: drop function contest.find_competition(text);
