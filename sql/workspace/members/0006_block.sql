-- Blocked members of a principal: neither of the two sees the other online. The blocked member is not informed.
create table workspace.block (
    tenant_id uuid not null default core.current_tenant(),
    principal_id uuid not null default core.current_principal(),
    blocked_id uuid not null,
    constraint block_pk primary key (tenant_id, principal_id, blocked_id),
    constraint block_principal_fk foreign key (tenant_id, principal_id)
    references core.principal (tenant_id, principal_id) on delete cascade,
    constraint block_of_fk foreign key (tenant_id, blocked_id)
    references core.principal (tenant_id, principal_id) on delete cascade,
    constraint block_of_another check (blocked_id <> principal_id)
);
comment on table workspace.block is 'One row per principal and blocked member.';

-- serves: the foreign key
create index block_of_idx on workspace.block (tenant_id, blocked_id);

-- revert: drop table workspace.block;
