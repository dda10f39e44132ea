-- Where a principal acts, it has to be a member who may write. An application that acts for itself is trusted.
create or replace function workspace.require_editor()
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if core.current_principal() is not null and (core.member_role() in ('owner', 'admin', 'editor')) is not true then
        raise exception 'only a member who is more than a viewer may write' using errcode = '42501';
    end if;
end;
$$;

comment on function workspace.require_editor() is 'Raises 42501 for a principal who is no owner, admin or editor.';

-- revert: drop function workspace.require_editor();
