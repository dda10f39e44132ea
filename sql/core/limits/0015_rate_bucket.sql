-- Rate limits: how much of a window is used up.
--
-- Unlogged: after a crash every limit starts afresh, which costs nothing that matters, and counting
-- costs no WAL.
create unlogged table core.rate_bucket (
    tenant_id uuid not null,
    subject text not null,
    used integer not null,
    resets_at timestamptz not null,
    constraint rate_bucket_pk primary key (tenant_id, subject)
);
comment on table core.rate_bucket is 'One row per tenant and subject with a window in progress, or over and not yet swept.';

-- serves: sweeping windows that are over, a few with each new subject
create index rate_bucket_over_idx on core.rate_bucket (tenant_id, resets_at);

-- revert: drop table core.rate_bucket;
