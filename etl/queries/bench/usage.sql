-- What counting costs: a use that is written down alone, and later rolled up, beside workspace.record_usage.
create function public.write_use() returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_now timestamptz := core.clock();
begin
    perform workspace.in_force('assistant');
    insert into workspace.usage_event (tenant_id, used_on, used_at, feature, tokens, cost)
    values (core.required_tenant(), core.utc_day(v_now), v_now, 'assistant', 100, 0.00045);
end;
$$;

-- the same, with the tenant's row locked, as whatever checks a limit has to
create function public.write_use_in_turn() returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform workspace.lock_state();
    perform public.write_use();
    perform workspace.touch(core.clock());
end;
$$;
alter function public.write_use() owner to stanchion_owner;
alter function public.write_use_in_turn() owner to stanchion_owner;
grant execute on function public.write_use(), public.write_use_in_turn() to stanchion_app;
select workspace.subscribe('team');
