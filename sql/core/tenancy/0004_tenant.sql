-- Tenants: the leagues, shops, teams and communities that own the data.
--
-- A reference table: small, identical on every node of a cluster, and joined by every other table.
create table core.tenant (
    tenant_id uuid not null default gen_random_uuid(),
    slug text not null,
    name text not null,
    kind text not null,
    status text not null default 'active',
    created_at timestamptz not null default clock_timestamp(),
    constraint tenant_pk primary key (tenant_id),
    constraint tenant_slug_unique unique (slug),
    constraint tenant_slug_shape check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    constraint tenant_name_given check (name <> ''),
    constraint tenant_kind_known check (kind in ('league', 'shop', 'team', 'community')),
    -- active -> suspended: domains, API keys and analyst logins of the tenant stop working, while an application that
    -- sets the tenant itself still works; suspended -> active: all of them work again; importing -> active or suspended:
    -- every row of an export is here; active or suspended -> removing: its rows are deleted, and then this row
    constraint tenant_status_known check (status in ('active', 'suspended', 'importing', 'removing'))
);
comment on table core.tenant is 'One row per tenant.';
comment on column core.tenant.slug is 'Short name for command lines and addresses: lower case letters, digits and hyphens.';

-- Analysts may read these columns. EXPLAIN would show them statistics of all tenants (core.hide_statistics).
alter table core.tenant
alter column tenant_id set statistics 0,
alter column name set statistics 0,
alter column kind set statistics 0,
alter column status set statistics 0;

-- revert: drop table core.tenant;
