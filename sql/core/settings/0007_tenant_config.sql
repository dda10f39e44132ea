-- Settings of tenants, each with the day from which it holds.
--
-- Rules change between seasons, and the games of last season keep their rules: so a value is
-- never overwritten by a later one, it is followed by it.
create table core.tenant_config (
    tenant_id uuid not null,
    namespace text not null,
    key text not null,
    valid_from date not null,
    value jsonb not null,
    set_at timestamptz not null default clock_timestamp(),
    constraint tenant_config_pk primary key (tenant_id, namespace, key, valid_from),
    constraint tenant_config_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade,
    constraint tenant_config_key_fk foreign key (namespace, key) references core.config_key (namespace, key)
);
comment on table core.tenant_config is 'One row per tenant, setting and day from which the value holds.';

-- serves: the foreign key to config_key
create index tenant_config_key_idx on core.tenant_config (namespace, key);

-- revert: drop table core.tenant_config;
