-- Measurements of applications, partitioned by UTC day.
create table ops.metric_sample (
    sampled_on date not null,
    sample_id uuid not null default gen_random_uuid(),
    sampled_at timestamptz not null,
    name text not null,
    kind text not null,
    value double precision not null,
    tags jsonb not null default '{}',
    constraint metric_sample_pk primary key (sampled_on, sample_id),
    constraint metric_sample_name_shape check (name ~ '^[a-z][a-z0-9_.]{0,99}$'),
    constraint metric_sample_kind_known check (kind in ('counter', 'timing', 'gauge')),
    constraint metric_sample_value_finite check (value > '-infinity' and value < 'infinity'),
    constraint metric_sample_tags_are_pairs check (jsonb_typeof(tags) = 'object')
) partition by range (sampled_on);
comment on table ops.metric_sample is 'One row per measurement.';
comment on column ops.metric_sample.kind is 'counter: an increment; timing: milliseconds; gauge: a current value.';

-- serves: ops.metric_hour, the latest measurements
create index metric_sample_latest_idx on ops.metric_sample (sampled_at, name);

-- revert: drop table ops.metric_sample;
