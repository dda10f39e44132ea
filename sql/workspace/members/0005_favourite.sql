-- Favourite members of a principal. Only the principal sees them.
create table workspace.favourite (
    tenant_id uuid not null default core.current_tenant(),
    principal_id uuid not null default core.current_principal(),
    favourite_id uuid not null,
    constraint favourite_pk primary key (tenant_id, principal_id, favourite_id),
    constraint favourite_principal_fk foreign key (tenant_id, principal_id)
    references core.principal (tenant_id, principal_id) on delete cascade,
    constraint favourite_of_fk foreign key (tenant_id, favourite_id)
    references core.principal (tenant_id, principal_id) on delete cascade
);
comment on table workspace.favourite is 'One row per principal and favourite member.';

-- serves: the foreign key
create index favourite_of_idx on workspace.favourite (tenant_id, favourite_id);

-- revert: drop table workspace.favourite;
