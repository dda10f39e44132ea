-- Formats of files that a tenant describes with a mapping, besides those that are built in.
--
-- A mapping is needed only to read files. The archived document of a game contains the mapping that it was read with, so
-- changing or removing a mapping changes no game that is loaded.
create table landing.format (
    tenant_id uuid not null default core.current_tenant(),
    name text not null,
    mapping text not null,
    added_by text not null default session_user,
    added_at timestamptz not null default core.clock(),
    constraint format_pk primary key (tenant_id, name),
    constraint format_name_not_empty check (name ~ '\S'),
    constraint format_mapping_bounded check (octet_length(mapping) between 1 and 262144)
);
comment on table landing.format is 'One row per format that a tenant describes with a mapping.';
comment on column landing.format.name is 'Name of the format, as in the mapping.';
comment on column landing.format.mapping is 'YAML of the mapping, with its comments.';

-- revert: drop table landing.format;
