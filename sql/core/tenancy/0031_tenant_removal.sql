-- Removals of tenants, with the number of rows that were found and kept.
--
-- It is the proof of a removal, so it has the slug and not the id, which is in no table after a removal.
create table core.tenant_removal (
    removal_id uuid not null default gen_random_uuid(),
    slug text not null,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    login text not null default session_user,
    found jsonb not null,
    kept jsonb not null default '{}',
    constraint tenant_removal_pk primary key (removal_id),
    -- started -> finished: no row of the tenant is left; or rows are kept for a hold, until the removal is repeated
    constraint tenant_removal_finished_later check (finished_at >= started_at)
);
comment on table core.tenant_removal is 'One row per removal of a tenant.';
comment on column core.tenant_removal.finished_at is 'Time at which no row of the tenant was left; null until then.';
comment on column core.tenant_removal.login is 'Database login that began the removal.';
comment on column core.tenant_removal.found is 'Number of rows of each table when the removal began; all but the kept ones are deleted.';
comment on column core.tenant_removal.kept is 'Number of rows kept in each table on hold.';

-- serves: continuing a removal that was stopped
create unique index tenant_removal_open_idx on core.tenant_removal (slug) where finished_at is null;

-- revert: drop table core.tenant_removal;
