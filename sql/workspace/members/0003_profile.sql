-- What a principal says about themselves. Nothing in it decides what they may do, so they write it themselves.
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
comment on table workspace.profile is 'One row per principal who said something about themselves.';
comment on column workspace.profile.headline is 'Personal: a line about themselves.';
comment on column workspace.profile.geohash is 'Personal: where they are, as exactly as they said; who is near has the same beginning.';
comment on column workspace.profile.is_incognito is 'Sees nobody online, and is seen by nobody.';

-- serves: who is near, by the beginning of the geohash; in "C", so that a beginning is a range
create index profile_near_idx on workspace.profile (tenant_id, geohash) where geohash is not null;

-- serves: workspace.online_batch, who is incognito
create index profile_incognito_idx on workspace.profile (tenant_id, principal_id) where is_incognito;

-- revert: drop table workspace.profile;
