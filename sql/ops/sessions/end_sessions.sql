-- Ends the sessions that are over a limit of their role (ops.session_limit).
--
-- It is not security definer: Postgres shows and ends sessions of other logins only for superusers, and for members of
-- pg_read_all_stats and pg_signal_backend. The owner of our objects is neither, so that a mistake in one of its functions
-- ends no session.
create or replace function ops.end_sessions()
returns table (pid integer, login name, role_name text, reason text)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if not ops.may_end_sessions() then
        raise exception '% may not end sessions: it is neither a superuser nor a member of pg_read_all_stats and pg_signal_backend', session_user
            using errcode = '42501';
    end if;
    for pid, login, role_name, reason in
        select s.pid, s.login, s.role_name, s.reason
        from ops.session as s
        where s.percent >= 100 and s.pid <> pg_backend_pid()
        order by s.percent desc
    loop
        if pg_terminate_backend(pid) then
            return next;
        end if;
    end loop;
end;
$$;

comment on function ops.end_sessions() is
'Returns the sessions that it ended, each with its limit; no row when none was over a limit. Errors: 42501 when the login may not end sessions of others.';

grant execute on function ops.end_sessions() to stanchion_worker;

-- Returns whether this login sees and ends sessions of other logins.
create or replace function ops.may_end_sessions()
returns boolean
language sql
stable
return pg_has_role('pg_read_all_stats', 'usage') and pg_has_role('pg_signal_backend', 'usage');

comment on function ops.may_end_sessions() is 'Returns true for superusers and for members of pg_read_all_stats and pg_signal_backend.';

grant execute on function ops.may_end_sessions() to stanchion_worker;

-- revert: drop function ops.end_sessions();
-- revert: drop function ops.may_end_sessions();
