-- Puts down a measurement. Security definer: whoever measures need not see what others measured.
create or replace function ops.record_metric(
    p_name text, p_value double precision, p_kind text default 'timing', p_tags jsonb default '{}'
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := core.clock();
begin
    insert into ops.metric_sample (sampled_on, sampled_at, name, kind, value, tags)
    values (core.utc_day(v_now), v_now, p_name, p_kind, p_value, p_tags);
end;
$$;

comment on function ops.record_metric(text, double precision, text, jsonb) is
'A timing in milliseconds, a counter or a gauge. Raises 23514 for a name, kind or value that cannot be, or when today has no partition.';

grant execute on function ops.record_metric(text, double precision, text, jsonb)
to stanchion_app, stanchion_loader, stanchion_worker;

-- revert: drop function ops.record_metric(text, double precision, text, jsonb);
