-- Uses of features, one row per use, partitioned by UTC day and kept as partitions/workspace.usage_event.sql sets.
--
-- A cost has nine decimal places: a call of $0.00045 rounds to zero cents, and ten thousand of them cost $4.50.
create table workspace.usage_event (
    tenant_id uuid not null,
    used_on date not null,
    event_id uuid not null default gen_random_uuid(),
    used_at timestamptz not null,
    principal_id uuid,
    feature text not null,
    tokens bigint not null,
    cost numeric(18, 9) not null,
    constraint usage_event_pk primary key (tenant_id, used_on, event_id),
    constraint usage_event_counts check (tokens >= 0 and cost >= 0),
    constraint usage_event_day_is_utc check (used_on = (used_at at time zone 'UTC')::date)
) partition by range (used_on);
comment on table workspace.usage_event is 'One row per use of a feature. Append-only.';
comment on column workspace.usage_event.principal_id is 'Principal of the use; null when a program of the tenant used the feature.';

-- revert: drop table workspace.usage_event;
