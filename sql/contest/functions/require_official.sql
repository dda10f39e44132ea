-- What players may not do: enter teams, draw, amend.
create or replace function contest.require_official()
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if core.current_principal() is not null and (core.member_role() in ('owner', 'admin', 'editor')) is not true then
        raise exception 'only an owner, admin or editor may do this' using errcode = '42501';
    end if;
end;
$$;

comment on function contest.require_official() is
'Raises 42501 for a principal who is no owner, admin or editor; an application that says no principal is believed.';

-- revert: drop function contest.require_official();
