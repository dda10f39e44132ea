-- Locks a competition for a change, so that one session at a time changes it.
create or replace function contest.lock_competition(p_competition text)
returns contest.competition
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_competition contest.competition;
begin
    perform core.require_editor();
    select c.* into v_competition
    from contest.competition as c
    where c.tenant_id = v_tenant and c.competition_key = p_competition
    for no key update;
    if not found then
        raise exception 'competition % does not exist', p_competition using errcode = 'P0002';
    end if;
    return v_competition;
end;
$$;

comment on function contest.lock_competition(text) is
'Returns the locked competition. Errors: P0002 when it does not exist; 42501 when the principal may not change it.';

-- revert: drop function contest.lock_competition(text);
