-- Tenants: a league, a shop, a team or a community; whose data it is.
--
-- A reference table: small, the same on every node of a cluster, joined by everything.
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
    -- active -> suspended: no domain, API key or analyst of it opens it, while an application that names it by
    -- itself still does; suspended -> active: all of them do again
    constraint tenant_status_known check (status in ('active', 'suspended'))
);
comment on table core.tenant is 'One row per tenant.';
comment on column core.tenant.slug is 'The short name for command lines and addresses; lower case, digits and hyphens.';

-- revert: drop table core.tenant;
