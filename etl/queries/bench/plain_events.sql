-- What appending is compared with: a notification in every transaction, beside what is appended.
create function public.append_and_notify(p_stream text) returns void
language plpgsql
as $$
begin
    perform core.append_events('bench', p_stream, null, '[{"type": "scored", "payload": {"by": 7, "at": 61.5}}]');
    perform pg_notify('bench_each', '');
end;
$$;
grant execute on function public.append_and_notify(text) to stanchion_app
