-- Usage by day, kept permanently. workspace.record_usage writes it in the transaction of each use.
--
-- A use updates a row without moving an index entry; the free space on each page is for that.
create table workspace.usage_daily (
    tenant_id uuid not null,
    used_on date not null,
    feature text not null,
    calls bigint not null,
    tokens bigint not null,
    cost numeric(24, 9) not null,
    last_used_at timestamptz not null,
    constraint usage_daily_pk primary key (tenant_id, used_on, feature),
    constraint usage_daily_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade,
    constraint usage_daily_counts check (calls > 0 and tokens >= 0 and cost >= 0)
) with (fillfactor = 70);
comment on table workspace.usage_daily is 'One row per tenant, UTC day and feature used on that day.';

-- revert: drop table workspace.usage_daily;
