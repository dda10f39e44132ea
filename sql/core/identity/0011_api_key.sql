-- API keys of tenants. Only the hash is stored, so a stolen dump contains no usable key.
create table core.api_key (
    tenant_id uuid not null,
    key_hash bytea not null,
    name text not null,
    scopes text[] not null default '{}',
    created_at timestamptz not null default clock_timestamp(),
    revoked_at timestamptz,
    constraint api_key_pk primary key (tenant_id, key_hash),
    constraint api_key_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade,
    constraint api_key_hash_is_sha256 check (length(key_hash) = 32),
    constraint api_key_name_given check (name <> '')
);
comment on table core.api_key is 'One row per API key of a tenant; revoked_at is the time at which it stopped working.';

-- serves: revoking by name; a name is free again after its key is revoked
create unique index api_key_live_name_idx on core.api_key (tenant_id, name) where revoked_at is null;

-- revert: drop table core.api_key;
