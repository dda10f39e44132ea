-- Host names of tenants, for applications that choose the tenant by address.
create table core.tenant_domain (
    domain text not null,
    tenant_id uuid not null,
    -- the domain without the tenant: a host name belongs to one tenant of the whole platform
    constraint tenant_domain_pk primary key (domain),
    constraint tenant_domain_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade,
    constraint tenant_domain_shape check (domain ~ '^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$')
);
comment on table core.tenant_domain is 'One row per host name of a tenant.';

-- serves: the domains of a tenant, and the foreign key
create index tenant_domain_tenant_idx on core.tenant_domain (tenant_id);

-- revert: drop table core.tenant_domain;
