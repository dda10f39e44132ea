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

-- Returns the acting principal for a row that names it.
--
-- The principal is a setting of the session, so that any uuid can be in it. A row names only principals of its tenant.
create or replace function core.acting_principal()
returns uuid
language plpgsql
stable
parallel restricted
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid;
    v_principal uuid := core.current_principal();
begin
    if v_principal is not null then
        v_tenant := core.required_tenant();
        perform 1 from core.principal as p where p.tenant_id = v_tenant and p.principal_id = v_principal;
        if not found then
            raise exception 'principal % does not belong to the tenant; core.add_member adds it', v_principal using errcode = '42501';
        end if;
    end if;
    return v_principal;
end;
$$;

comment on function core.acting_principal() is
'Returns the principal of the session; null when none is set. Errors: 42501 when it does not belong to the tenant, or no tenant is set.';

-- Returns the acting principal as events, jobs and the audit log name it.
create or replace function core.actor()
returns text
language plpgsql
stable
parallel restricted
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(core.acting_principal()::text, session_user);
end;
$$;

comment on function core.actor() is
'Returns the acting principal, or the database login when no principal is set. Errors: 42501 when the principal does not belong to the tenant.';

-- Returns the id of the request, for the rows of one request. Its length is limited, because the session chooses it and it
-- is stored in every row.
create or replace function core.request_id()
returns text
language plpgsql
stable
parallel restricted
set search_path = pg_catalog, pg_temp
as $$
declare
    v_request text := nullif(current_setting('app.request_id', true), '');
begin
    if length(v_request) > 200 then
        raise exception 'app.request_id has % characters, at most 200 are allowed', length(v_request) using errcode = '22001';
    end if;
    return v_request;
end;
$$;

comment on function core.request_id() is
'Returns the setting app.request_id; null when it is empty. Errors: 22001 when it is longer than 200 characters.';

-- revert: drop function core.request_id();
-- revert: drop function core.actor();
-- revert: drop function core.acting_principal();
-- revert: drop function core.require_editor();
