-- Appends to the audit log of the tenant in the transaction of the caller, so that a rolled back action leaves no row.
--
-- The application chooses the actor, among the principals of the tenant; the login is the one that the server
-- authenticated. Granted to no role: only functions of the owner write audit rows, so callers cannot forge one.
create or replace function core.write_audit(p_action text, p_subject text, p_detail jsonb default '{}')
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_actor text := core.actor();
    v_request text := core.request_id();
    v_now timestamptz := core.clock();
begin
    insert into core.audit_log (
        tenant_id, recorded_on, recorded_at, actor, login, action, subject, detail, request_id
    ) values (
        v_tenant,
        core.utc_day(v_now),
        v_now,
        v_actor,
        session_user,
        p_action,
        p_subject,
        p_detail,
        v_request
    );
end;
$$;

comment on function core.write_audit(text, text, jsonb) is
'Returns nothing. Appends one audit row for the tenant of the session. Errors: 42501 when no tenant is set, or the principal of the session does not belong to the tenant; 22001 when app.request_id is too long; 23514 when today has no partition.';

-- revert: drop function core.write_audit(text, text, jsonb);
