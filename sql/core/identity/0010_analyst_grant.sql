-- Which tenants a database login may read.
--
-- A person with a login can change every setting, so a setting cannot say who they are;
-- session_user can, and this table says what it opens. The role's id tells a login from a later one
-- of the same name, which was granted nothing.
create table core.analyst_grant (
    role_name text not null,
    role_id oid not null,
    tenant_id uuid not null,
    granted_at timestamptz not null default clock_timestamp(),
    granted_by text not null default session_user,
    constraint analyst_grant_pk primary key (role_name, tenant_id),
    constraint analyst_grant_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade
);
comment on table core.analyst_grant is 'One row per database login and tenant that it may read.';

-- serves: the foreign key
create index analyst_grant_tenant_idx on core.analyst_grant (tenant_id);

-- revert: drop table core.analyst_grant;
