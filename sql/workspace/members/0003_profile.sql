-- Profiles that principals write themselves. Nothing in a profile affects rights.
create table workspace.profile (
    tenant_id uuid not null default core.current_tenant(),
    principal_id uuid not null default core.current_principal(),
    headline text not null default '',
    geohash text collate "C",
    is_incognito boolean not null default false,
    constraint profile_pk primary key (tenant_id, principal_id),
    constraint profile_principal_fk foreign key (tenant_id, principal_id)
    references core.principal (tenant_id, principal_id) on delete cascade,
    constraint profile_headline_short check (length(headline) <= 500),
    constraint profile_geohash_shape check (geohash ~ '^[0-9bcdefghjkmnpqrstuvwxyz]{1,12}$')
);
comment on table workspace.profile is 'One row per principal with a profile.';
comment on column workspace.profile.headline is 'Personal: a line about the principal.';
comment on column workspace.profile.geohash is 'Personal: location as exact as the principal gave it; near locations share a prefix.';
comment on column workspace.profile.is_incognito is 'True for a principal who sees no other member online and is seen by none.';

-- serves: near members, by the prefix of the geohash; in collation "C", so that a prefix is a range
create index profile_near_idx on workspace.profile (tenant_id, geohash) where geohash is not null;

-- serves: workspace.online_batch, incognito members
create index profile_incognito_idx on workspace.profile (tenant_id, principal_id) where is_incognito;

-- revert: drop table workspace.profile;
