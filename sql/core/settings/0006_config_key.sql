-- Settings that a tenant can have. Modules add their own rows; any other setting is refused.
create table core.config_key (
    namespace text not null,
    key text not null,
    value_type text not null,
    minimum numeric,
    maximum numeric,
    default_value jsonb not null,
    description text not null,
    constraint config_key_pk primary key (namespace, key),
    constraint config_key_type_known check (value_type in ('integer', 'number', 'string', 'boolean', 'array', 'object')),
    constraint config_key_default_typed check (
        jsonb_typeof(default_value) = replace(value_type, 'integer', 'number')
    )
);
comment on table core.config_key is 'One row per setting that a tenant can have: its type, default, limits and meaning.';

-- revert: drop table core.config_key;
