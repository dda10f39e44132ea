-- Thirteen weeks of an application that is used from Monday to Friday, with a clock of its own, so that
-- `stanchion partitions status` has partitions with and without rows. A legal hold keeps idempotency keys.
create sequence public.days;
select setval('public.days', 1);
grant select on sequence public.days to public;  -- core.clock() runs with the rights of the calling function's owner
create or replace function core.clock() returns timestamptz language sql volatile
return timestamptz '2026-03-16 12:00:00+00' + (pg_sequence_last_value('public.days') - 1) * interval '1 day';

select core.ensure_partitions(s.relation::regclass, date '2026-06-14' - least(coalesce(s.days_kept, 0), 83) - 7, date '2026-06-14' + s.days_ahead)
from core.partition_set as s
where s.guard is distinct from 'contest.guard_play_day';

select core.create_tenant('harbour', 'Harbour League', 'league');

do $$
begin
    perform set_config('app.tenant_id', t.tenant_id::text, true) from core.tenant as t where t.slug = 'harbour';
    perform workspace.subscribe('team');
    for v_day in 1..91 loop
        perform setval('public.days', v_day);
        continue when v_day % 7 in (6, 0);
        perform core.append_events('shift', format('shift %s', v_day), null, '[{"type": "began", "payload": {}}]');
        perform core.set_tenant_config('contest', 'points_win', '2');
        perform workspace.record_usage('assistant', 90, 0.00045);
        continue when v_day < 83;
        perform core.claim_key(format('order of day %s', v_day), '\x00', '1 minute');
    end loop;
end;
$$;

select core.hold_partitions('core.idempotency_key', 'Case 4711');
