-- Records a measurement. Security definer: callers need not see the measurements of others. Measurements of a cluster are on
-- its coordinator, so a worker asks it.
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
    v_asked record;
begin
    select a.is_answered into v_asked
    from core.ask_coordinator(format('select ops.record_metric(%L, %L, %L, %L)', p_name, p_value, p_kind, p_tags)) as a;
    if v_asked.is_answered then
        return;
    end if;
    insert into ops.metric_sample (sampled_on, sampled_at, name, kind, value, tags)
    values (core.utc_day(v_now), v_now, p_name, p_kind, p_value, p_tags);
end;
$$;

comment on function ops.record_metric(text, double precision, text, jsonb) is
'Returns nothing. Records a timing in milliseconds, a counter or a gauge. Errors: 23514 when the name, kind or value is invalid, or today has no partition.';

grant execute on function ops.record_metric(text, double precision, text, jsonb)
to stanchion_app, stanchion_loader, stanchion_worker;

-- revert: drop function ops.record_metric(text, double precision, text, jsonb);
