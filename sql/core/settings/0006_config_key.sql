-- Settings that a tenant can have. Modules add their own rows; any other setting is refused.
create table core.config_key (
    namespace text not null,
    key text not null,
    value_type text not null,
    minimum numeric,
    maximum numeric,
    default_value jsonb not null,
    description text not null,
    items text[],
    constraint config_key_pk primary key (namespace, key),
    constraint config_key_type_known check (value_type in ('integer', 'number', 'string', 'boolean', 'array', 'object')),
    constraint config_key_default_typed check (
        jsonb_typeof(default_value) = replace(value_type, 'integer', 'number')
    ),
    constraint config_key_items_of_an_array check (items is null or value_type = 'array')
);
comment on table core.config_key is 'One row per setting that a tenant can have: its type, default, limits and meaning.';
comment on column core.config_key.items is 'Texts that an array may contain; null when it may contain anything.';

insert into core.config_key (namespace, key, value_type, default_value, description) values
('serve', 'published', 'array', '[]', 'Relations, such as marts.standings, that anybody may read at the host names of the tenant');

-- revert: drop table core.config_key;
