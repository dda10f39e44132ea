-- Actions that are allowed once per window, with the time of their last use. The rows survive a crash.
create table core.cooldown (
    tenant_id uuid not null,
    action text not null,
    taken_at timestamptz not null,
    constraint cooldown_pk primary key (tenant_id, action),
    constraint cooldown_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade
);
comment on table core.cooldown is 'One row per tenant and action: the time of its last use.';

-- revert: drop table core.cooldown;
