-- One row per tenant that is locked before its content is counted or changed. So counts are exact at every isolation
-- level: above READ COMMITTED, a snapshot older than the last change is refused with 40001.
--
-- The version changes with every change, so that a cache is valid while the version stays the same.
create table workspace.tenant_state (
    tenant_id uuid not null,
    version bigint not null default 0,
    changed_at timestamptz not null,
    constraint tenant_state_pk primary key (tenant_id),
    constraint tenant_state_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade
) with (fillfactor = 50);
comment on table workspace.tenant_state is 'One row per tenant with a workspace: the number of changes, and the time of the last one.';

-- revert: drop table workspace.tenant_state;
