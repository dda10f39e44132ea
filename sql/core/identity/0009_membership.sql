-- Roles of principals in their tenant.
--
-- The role is in a table that applications cannot write: a principal who may update a row of their own could otherwise
-- become owner.
create table core.membership (
    tenant_id uuid not null,
    principal_id uuid not null,
    role text not null,
    is_active boolean not null default true,
    last_active_at timestamptz,
    constraint membership_pk primary key (tenant_id, principal_id),
    constraint membership_principal_fk foreign key (tenant_id, principal_id)
    references core.principal (tenant_id, principal_id) on delete cascade,
    constraint membership_role_known check (role in ('owner', 'admin', 'editor', 'viewer'))
);
comment on table core.membership is 'One row per principal: the role in the tenant, and whether it is active.';

-- revert: drop table core.membership;
