-- What a principal may do in the tenant.
--
-- The role stands in a table that the application cannot write: whoever may update their own row
-- would otherwise make themselves owner.
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
comment on table core.membership is 'One row per principal: the role in the tenant, and whether it is in force.';

-- revert: drop table core.membership;
