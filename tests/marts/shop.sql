-- Four days of a shop, always the same: two items, of which one runs out twice. For the answers in the analysts' guide.
select core.ensure_partitions(relation::regclass, '2026-01-09', '2026-01-20')
from core.partition_set where relation in ('core.audit_log', 'core.idempotency_key');
create sequence public.minutes;
grant select on sequence public.minutes to public;  -- functions ask the time as their owner
create or replace function core.clock() returns timestamptz language sql volatile
return timestamptz '2026-01-10 00:00:00+00' + pg_sequence_last_value('public.minutes') * interval '1 minute';

do $$
declare
    v_act record;
    v_item uuid;
begin
    perform set_config('app.tenant_id', t.tenant_id::text, true) from core.tenant as t where t.slug = 'harbour';
    for v_act in
        select * from (values
            ('2026-01-10 09:00', 'add', 'Scarf', 10), ('2026-01-10 09:05', 'add', 'Puck', 40),
            ('2026-01-10 12:00', 'buy', 'Scarf', 6), ('2026-01-10 13:00', 'buy', 'Puck', 5),
            ('2026-01-10 19:30', 'buy', 'Scarf', 4), ('2026-01-10 19:45', 'buy', 'Scarf', 2), ('2026-01-11 08:00', 'buy', 'Scarf', 1),
            ('2026-01-11 10:00', 'restock', 'Scarf', 20), ('2026-01-11 11:00', 'buy', 'Puck', 3), ('2026-01-11 18:00', 'buy', 'Scarf', 9),
            ('2026-01-12 15:00', 'buy', 'Puck', 4), ('2026-01-12 18:00', 'buy', 'Scarf', 7), ('2026-01-12 18:20', 'buy', 'Scarf', 5),
            ('2026-01-13 17:00', 'buy', 'Scarf', 4), ('2026-01-13 18:00', 'buy', 'Scarf', 3)
        ) as a (at, what, name, qty)
    loop
        perform setval('public.minutes', (extract(epoch from (v_act.at || '+00')::timestamptz - '2026-01-10 00:00+00') / 60)::bigint);
        select i.item_id into v_item from stock.item as i
        where i.tenant_id = core.current_tenant() and i.name = v_act.name;
        case v_act.what
            when 'add' then perform stock.add_item(v_act.name, case v_act.name when 'Scarf' then 19.50 else 4.00 end, v_act.qty);
            when 'buy' then perform stock.buy(v_item, v_act.qty, 'order at ' || v_act.at);
            else perform stock.restock(v_item, v_act.qty, 'delivery at ' || v_act.at);
        end case;
    end loop;
    perform setval('public.minutes', 4 * 24 * 60 + 60);  -- the fourth day is over
end;
$$;
