-- Rate limits: the uses counted in the current window of a subject.
--
-- Unlogged: after a crash every limit starts again at zero, which is harmless, and counting writes no WAL.
create unlogged table core.rate_bucket (
    tenant_id uuid not null,
    subject text not null,
    used integer not null,
    resets_at timestamptz not null,
    constraint rate_bucket_pk primary key (tenant_id, subject)
);
comment on table core.rate_bucket is 'One row per tenant and subject with a current window, or with an ended window that is not deleted yet.';

-- serves: deleting ended windows, two with each new subject
create index rate_bucket_over_idx on core.rate_bucket (tenant_id, resets_at);

-- revert: drop table core.rate_bucket;
