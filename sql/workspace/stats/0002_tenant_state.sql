-- The row that whatever counts or changes something of a tenant locks first. So what is counted after
-- that is exact, at every isolation level: above READ COMMITTED a snapshot older than the last change is
-- refused with 40001.
--
-- The version says whether anything changed: what a cache keeps is good for as long as it stays the same.
create table workspace.tenant_state (
    tenant_id uuid not null,
    version bigint not null default 0,
    changed_at timestamptz not null,
    constraint tenant_state_pk primary key (tenant_id),
    constraint tenant_state_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade
) with (fillfactor = 50);
comment on table workspace.tenant_state is 'One row per tenant that has a workspace: how often it changed, and when it last did.';

-- revert: drop table workspace.tenant_state;
