-- Data for the guide for analysts that the demo does not have: four days of a shop with two items, one of which is sold
-- out twice, usage of two features, and official figures of two games, of which four differ from the tracked game. The
-- clock moves to the time of each act.
insert into workspace.plan_feature (plan, feature, limit_value, limit_window) values ('team', 'export', null, null);

do $$
declare
    v_act record;
    v_item uuid;
begin
    perform set_config('app.tenant_id', t.tenant_id::text, true) from core.tenant as t where t.slug = 'harbour';
    for v_act in
        select * from (values
            ('2026-06-10 09:00', 'add', 'Scarf', 10), ('2026-06-10 09:05', 'add', 'Puck', 40),
            ('2026-06-10 12:00', 'buy', 'Scarf', 6), ('2026-06-10 13:00', 'buy', 'Puck', 5), ('2026-06-10 18:00', 'use', 'export', 3),
            ('2026-06-10 19:30', 'buy', 'Scarf', 4), ('2026-06-10 19:45', 'buy', 'Scarf', 2), ('2026-06-11 08:00', 'buy', 'Scarf', 1),
            ('2026-06-11 10:00', 'restock', 'Scarf', 20), ('2026-06-11 11:00', 'buy', 'Puck', 3), ('2026-06-11 18:00', 'buy', 'Scarf', 9),
            ('2026-06-12 09:00', 'use', 'assistant', 30), ('2026-06-12 10:00', 'use', 'export', 5),
            ('2026-06-12 15:00', 'buy', 'Puck', 4), ('2026-06-12 18:00', 'buy', 'Scarf', 7), ('2026-06-12 18:20', 'buy', 'Scarf', 5),
            ('2026-06-13 17:00', 'buy', 'Scarf', 4), ('2026-06-13 18:00', 'buy', 'Scarf', 3), ('2026-06-13 20:00', 'use', 'assistant', 12)
        ) as a (at, act, name, qty)
    loop
        perform setval('public.minutes', (extract(epoch from (v_act.at || '+00')::timestamptz - '2026-05-25 12:00+00') / 60)::bigint);
        select i.item_id into v_item from stock.item as i
        where i.tenant_id = core.current_tenant() and i.name = v_act.name;
        case v_act.act
            when 'add' then perform stock.add_item(v_act.name, case v_act.name when 'Scarf' then 19.50 else 4.00 end, v_act.qty);
            when 'buy' then perform stock.buy(v_item, v_act.qty, 'order at ' || v_act.at);
            when 'restock' then perform stock.restock(v_item, v_act.qty, 'delivery at ' || v_act.at);
            else
                perform workspace.record_usage(v_act.name, 80 + n, case v_act.name when 'export' then 0.002 else 0.00045 end)
                from generate_series(1, v_act.qty) as n;
        end case;
    end loop;
    -- one hour into the day after the last act, so that four whole days can be built
    perform setval('public.minutes', (extract(epoch from timestamptz '2026-06-14 01:00+00' - '2026-05-25 12:00+00') / 60)::bigint);

    with games as (
        select f.game_key, f.played_on, row_number() over (order by f.played_on, f.game_key) as nth
        from contest.fixture as f
        where f.tenant_id = core.current_tenant() and f.content_hash is not null
    ), ice_time as (
        select
            games.game_key,
            games.nth,
            players.side,
            players.jersey,
            sum(round((stints.start_s - stints.end_s)::double precision)::integer) as seconds,
            row_number() over (partition by games.game_key order by players.side, players.jersey) as player_no
        from games
        join contest.stint as stints on stints.played_on = games.played_on and stints.game_key = games.game_key
        cross join lateral (
            select distinct on_ice.side, on_ice.jersey
            from contest.stint_player as on_ice
            where
                on_ice.tenant_id = stints.tenant_id
                and on_ice.played_on = stints.played_on
                and on_ice.game_key = stints.game_key
                and on_ice.stint_no = stints.stint_no
        ) as players
        where games.nth <= 2 and stints.tenant_id = core.current_tenant()
        group by games.game_key, games.nth, players.side, players.jersey
    )

    insert into contest.official_figure (game_key, scope, side, player_key, period, name, value)
    select game_key, 'player', side, jersey, 0, 'seconds', (seconds + case when nth = 2 and player_no = 1 then 2 else 0 end)::text
    from ice_time
    union all
    select game_key, 'player', side, jersey, 0, 'goals', '7' from ice_time where nth = 2 and player_no = 1
    union all
    select game_key, 'goalie', 'away', '00', 0, 'saves', '3' from games where nth = 2
    union all
    select game_key, 'period', 'home', '', 1, 'goals', '9' from games where nth = 2;
end;
$$;
