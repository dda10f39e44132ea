-- Refuses principals who are only viewers. An application that sets no principal is trusted.
create or replace function core.require_editor()
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if core.current_principal() is not null and (core.member_role() in ('owner', 'admin', 'editor')) is not true then
        raise exception 'only an owner, admin or editor of the tenant may do this; the caller is %', coalesce(core.member_role(), 'not a member')
            using errcode = '42501';
    end if;
end;
$$;

comment on function core.require_editor() is
'Returns nothing. An application that sets no principal passes. Errors: 42501 when the principal is not an owner, admin or editor.';

-- Returns the acting principal as events and the audit log name it.
create or replace function core.actor()
returns text
language plpgsql
stable
parallel restricted
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(core.current_principal()::text, session_user);
end;
$$;

comment on function core.actor() is 'Returns the acting principal, or the database login when no principal is set.';

-- revert: drop function core.actor();
-- revert: drop function core.require_editor();
