-- name: has_views
-- Returns whether every view of the marts exists and was made from this version of the project.
select
    coalesce(
        bool_or(r.model = 'staging.views' and r.definition = %(project)s)
        and bool_and(r.model ~ '^staging[.](tested_|views$)' or to_regclass(r.model) is not null), false
    ) as has_views
from core.stat_refresh as r;

-- name: horizons
-- Returns the last finished change of each list of changes. Needs the rights of stanchion_builder, which sees the
-- changes of every tenant.
select landing.closed_horizon() as loads, stock.closed_horizon() as purchases;

-- name: leaders
-- Returns the five best scorers of a league, with the rights of an analyst.
select
    s.points_rank as place,
    s.person_name as player,
    s.team_name as team,
    s.games as gp,
    s.goals as g,
    s.assists as a,
    s.points as p,
    s.plus_minus,
    to_char(s.seconds_per_game * interval '1 second', 'MI:SS') as time_a_game
from marts.fact_player_season as s
where s.tenant_id = current_setting('stanchion.demo_tenant')::uuid and s.game_type = 'All'
order by s.points_rank asc, s.goals desc, s.person_name asc
limit 5;

-- name: left_out
-- Returns the games that do not count, with the reason, with the rights of an analyst.
select
    q.played_on,
    home.team_name || ' - ' || away.team_name as game,
    q.reason
from marts.fact_game_quality as q
join marts.dim_game as g on g.tenant_id = q.tenant_id and g.game_key = q.game_key
join marts.dim_team as home on home.tenant_id = g.tenant_id and home.team_key = g.home_team_key
join marts.dim_team as away on away.tenant_id = g.tenant_id and away.team_key = g.away_team_key
where q.tenant_id = current_setting('stanchion.demo_tenant')::uuid and not q.is_counted
order by q.played_on, game;

-- name: note_position
-- Records the last tested change of one list of changes.
select core.close_window('staging.tested_' || opened.changes, opened.changes, '')
from (
    select
        %(changes)s::text as changes,
        set_config(format('stanchion.%%s_high', %(changes)s::text), (%(position)s::bigint)::text, true) as high
) as opened
where opened.high is not null;

-- name: note_tested
-- Records, for each list of changes, the last change that every mart contains as tested.
select core.close_window('staging.tested_' || opened.changes, opened.changes, '')
from (
    select
        r.changes,
        set_config(format('stanchion.%s_high', r.changes), min(r.position)::text, true) as high
    from core.stat_refresh as r
    where r.model ~ '^marts[.]' and r.changes is not null
    group by r.changes
) as opened
where opened.high is not null;

-- name: note_views
-- Records the checksum of the project that made the views.
select core.close_window('staging.views', null, %(project)s);

-- name: progress
-- Returns, for each list of changes, the last tested change and whether it is the last finished change.
select
    h.changes,
    coalesce(r.position, -1) as tested,
    coalesce(r.position >= h.horizon, false) as is_current
from (
    values
    ('loads', %(loads)s::bigint),
    ('purchases', %(purchases)s::bigint)
) as h (changes, horizon)
left join core.stat_refresh as r on r.model = 'staging.tested_' || h.changes;

-- name: running_loads
-- Returns the running loads of all tenants, the oldest first. Needs the rights of stanchion_builder.
select
    b.load_id,
    t.slug as tenant,
    b.source,
    extract(epoch from core.clock() - b.started_at)::bigint as seconds,
    b.started_by as login
from landing.load_batch as b
join core.tenant as t on t.tenant_id = b.tenant_id
where b.state = 'running'
order by b.load_id;

-- name: sessions_of_loads
-- Returns a session of this node that works for each of the loads.
select
    b.load_id,
    min(l.pid) as pid
from unnest(%(loads)s::bigint[]) as b (load_id)
join pg_locks as l
    on
        l.locktype = 'advisory' and l.objsubid = 1 and l.granted
        and l.classid::bigint = (landing.load_lock(b.load_id) >> 32) & 4294967295
        and l.objid::bigint = landing.load_lock(b.load_id) & 4294967295
group by b.load_id;

-- name: standings
-- Returns the standings of a league, with the rights of an analyst.
select
    s.place,
    s.team_name as team,
    s.games as gp,
    s.wins as w,
    s.losses as l,
    s.ties as t,
    s.overtime_losses as otl,
    trim_scale(s.points)::text as pts,
    s.goals_for as gf,
    s.goals_against as ga,
    s.streak
from marts.standings as s
where s.tenant_id = current_setting('stanchion.demo_tenant')::uuid and s.game_type = 'All'
order by s.place, s.team_name;

-- name: tested
-- Returns the last tested change of each list of changes.
select
    r.changes,
    r.position
from core.stat_refresh as r
where r.model ~ '^staging[.]tested_';

-- name: positions
-- Returns the position of each mart that was built.
select
    r.model,
    r.position
from core.stat_refresh as r;

-- name: open_window
-- Opens the empty window of a mart that contains every finished change.
select core.open_window(%(model)s, %(changes)s, %(horizon)s, '{}', false);

-- name: planned_games
-- Returns, for each tenant, the number of games and loads after a position. Games whose partitions have expired are
-- left out, as in the marts. A tenant without an earlier load is new.
select
    t.slug as tenant,
    (
        select count(*)
        from contest.fixture as f
        where
            f.tenant_id = t.tenant_id
            and f.load_id > greatest(%(low)s, 0)  -- 0: a game of a competition that no load contains
            and f.load_id <= %(high)s
            and (f.content_hash is null or contest.has_rows(f.tenant_id, f.played_on, f.game_key))
    ) as games,
    array_agg(b.load_id order by b.load_id) as loads,
    not exists (
        select
        from landing.load_batch as earlier
        where earlier.tenant_id = t.tenant_id and earlier.load_id <= %(low)s
    ) as is_new
from landing.load_batch as b
join core.tenant as t on t.tenant_id = b.tenant_id
where b.load_id > %(low)s and b.load_id <= %(high)s
group by t.tenant_id, t.slug
order by t.slug;

-- name: planned_items
-- Returns, for each tenant, the number of items with an order or a movement after a position. A tenant without an earlier
-- one is new.
select
    t.slug as tenant,
    count(distinct e.item_id) as items,
    bool_and(e.is_first) as is_new
from (
    select
        c.tenant_id,
        c.item_id,
        c.transaction_id,
        min(c.transaction_id) over (partition by c.tenant_id) > %(low)s as is_first
    from (
        select
            p.tenant_id,
            p.item_id,
            p.transaction_id
        from stock.purchase as p
        union all
        select
            m.tenant_id,
            m.item_id,
            m.transaction_id
        from stock.movement as m
    ) as c
) as e
join core.tenant as t on t.tenant_id = e.tenant_id
where e.transaction_id > %(low)s and e.transaction_id <= %(high)s
group by t.tenant_id, t.slug
order by t.slug;

-- name: unscored
-- Returns the number of games of each tenant whose confirmed score the build compares before it computes the marts.
select
    t.slug as tenant,
    count(*) as games
from contest.fixture as f
join core.tenant as t on t.tenant_id = f.tenant_id
where not f.is_scored
group by t.slug
order by t.slug;
