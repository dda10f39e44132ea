-- People and programs that act for a tenant.
create table core.principal (
    tenant_id uuid not null,
    principal_id uuid not null default gen_random_uuid(),
    email text not null,
    display_name text not null,
    created_at timestamptz not null default clock_timestamp(),
    constraint principal_pk primary key (tenant_id, principal_id),
    constraint principal_email_unique unique (tenant_id, email),
    constraint principal_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade,
    constraint principal_email_shape check (email = lower(email) and email like '_%@_%')
);
comment on table core.principal is 'One row per person or program of a tenant.';
comment on column core.principal.email is 'Personal: address in lower case.';
comment on column core.principal.display_name is 'Personal: name to show.';

-- revert: drop table core.principal;
