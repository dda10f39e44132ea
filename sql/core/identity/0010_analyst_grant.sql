-- Tenants that a database login may read.
--
-- A person with a login can change every setting of the session, so a setting cannot identify the person. session_user
-- can, and this table lists its tenants. The oid of the role distinguishes the login from a later one of the same name,
-- which has no grants.
create table core.analyst_grant (
    role_name text not null,
    role_id oid not null,
    tenant_id uuid not null,
    granted_at timestamptz not null default clock_timestamp(),
    granted_by text not null default session_user,
    constraint analyst_grant_pk primary key (role_name, tenant_id),
    constraint analyst_grant_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade
);
comment on table core.analyst_grant is 'One row per database login and tenant that the login may read.';

-- serves: the foreign key
create index analyst_grant_tenant_idx on core.analyst_grant (tenant_id);

-- revert: drop table core.analyst_grant;
