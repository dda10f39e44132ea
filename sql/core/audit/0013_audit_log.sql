-- What was done, by whom, when: appended by the functions that do it, in their transaction.
--
-- No foreign key to the tenant: deleting a tenant keeps its audit. The key begins with the day
-- and the instant after the tenant, so that writing is local and "the latest" is an index scan.
create table core.audit_log (
    tenant_id uuid not null,
    recorded_on date not null,
    recorded_at timestamptz not null,
    audit_id uuid not null default gen_random_uuid(),
    actor text not null,
    action text not null,
    subject text not null,
    detail jsonb not null default '{}',
    request_id text,
    constraint audit_log_pk primary key (tenant_id, recorded_on, recorded_at, audit_id),
    constraint audit_log_day_is_utc check (recorded_on = (recorded_at at time zone 'UTC')::date)
) partition by range (recorded_on);
comment on table core.audit_log is 'One row per thing that was done for a tenant. Appended to; nobody updates or deletes.';
comment on column core.audit_log.actor is 'The principal, or the database login where there is none.';
comment on column core.audit_log.request_id is 'The setting app.request_id: one id joins audit, events and jobs of one request.';

-- revert: drop table core.audit_log;
