-- Settings of tenants, each with the first day on which the value holds.
--
-- League rules change between seasons, and the games of the last season keep their rules. So a new value does not
-- overwrite the old one: it holds from its own first day on.
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
comment on table core.tenant_config is 'One row per tenant, setting and first day of a value.';

-- serves: the foreign key to config_key
create index tenant_config_key_idx on core.tenant_config (namespace, key);

-- revert: drop table core.tenant_config;
