-- What a principal who is no more than a viewer may not do. An application that acts for itself is trusted.
create or replace function core.require_editor()
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

comment on function core.require_editor() is
'Raises 42501 for a principal who is no owner, admin or editor; an application that says no principal is believed.';

-- Who acts, as events and the audit name them.
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

comment on function core.actor() is 'The acting principal, or the database login where there is none.';

-- revert: drop function core.actor();
-- revert: drop function core.require_editor();
