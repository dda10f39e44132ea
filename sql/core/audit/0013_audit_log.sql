-- Actions of principals and logins, appended by the functions that perform them, in the same transaction.
--
-- There is no foreign key to the tenant, because a hold may keep the audit log of a removed tenant. In the primary key the day and
-- the time follow the tenant, so that inserts are local and "the latest rows" is an index scan.
create table core.audit_log (
    tenant_id uuid not null,
    recorded_on date not null,
    recorded_at timestamptz not null,
    audit_id uuid not null default gen_random_uuid(),
    actor text not null,
    login text not null default session_user,
    action text not null,
    subject text not null,
    detail jsonb not null default '{}',
    request_id text,
    constraint audit_log_pk primary key (tenant_id, recorded_on, recorded_at, audit_id),
    constraint audit_log_day_is_utc check (recorded_on = (recorded_at at time zone 'UTC')::date)
) partition by range (recorded_on);
comment on table core.audit_log is 'One row per action for a tenant. Append-only.';
comment on column core.audit_log.actor is 'The principal that the session set, which belongs to the tenant; the database login when no principal is set.';
comment on column core.audit_log.login is 'Database login of the session, which no setting changes; for an order from the queue, the login that enqueued it.';
comment on column core.audit_log.request_id is 'The setting app.request_id: one id joins the audit rows, events and jobs of a request.';

-- revert: drop table core.audit_log;
