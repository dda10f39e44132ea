-- Actions that may be done once in a while, and when each was last done. Survives a crash.
create table core.cooldown (
    tenant_id uuid not null,
    action text not null,
    taken_at timestamptz not null,
    constraint cooldown_pk primary key (tenant_id, action),
    constraint cooldown_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade
);
comment on table core.cooldown is 'One row per tenant and action: when it was last taken.';

-- revert: drop table core.cooldown;
