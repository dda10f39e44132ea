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
