-- Sets a setting of Stanchion for the rest of the transaction, as SET LOCAL does.
--
-- On a cluster Citus sends SET LOCAL to the nodes that take part in the transaction, but not set_config(). Citus sends the
-- whole message of the client, so the SET must be a statement of its own: EXECUTE makes it one. Plain Postgres calls
-- set_config(), because it would take longer to parse the statement.
create or replace function core.set_local(p_name text, p_value text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if (p_name = 'request.jwt.claims' or p_name ~ '^(app|stanchion)[.][a-z_]+$') is not true then
        raise exception 'only settings app.*, stanchion.* and request.jwt.claims can be set, not %', coalesce(p_name, 'null')
            using errcode = '22023';
    end if;
    if current_setting('citus.version', true) is null then
        perform set_config(p_name, coalesce(p_value, ''), true);
        return;
    end if;
    execute format('set local %I = %L', p_name, coalesce(p_value, ''));
end;
$$;

comment on function core.set_local(text, text) is
'Returns nothing. Sets a setting app.*, stanchion.* or request.jwt.claims for the rest of the transaction; null sets it to an empty text. Errors: 22023 for another setting.';

grant execute on function core.set_local(text, text) to stanchion_app, stanchion_loader, stanchion_worker, stanchion_builder;

-- revert: drop function core.set_local(text, text);
