-- name: days
-- A table with one partition per day, whose past partitions expire immediately.
set role stanchion_owner;
create table core.bench_reading (
    tenant_id uuid not null,
    taken_on date not null,
    reading_id bigint not null generated always as identity,
    value integer not null default 0,
    constraint bench_reading_pk primary key (tenant_id, taken_on, reading_id)
) partition by range (taken_on);
insert into core.partition_set (relation, days_ahead, days_kept) values ('core.bench_reading', 1, 1);
reset role;

-- name: fill_days
-- Three partitions that are due, with :rows rows in total.
select core.ensure_partitions('core.bench_reading', core.utc_day(clock_timestamp()) - 4, core.utc_day(clock_timestamp()) + 1);
insert into core.bench_reading (tenant_id, taken_on)
select
    (select core.required_tenant()),
    core.utc_day(clock_timestamp()) - 4 + (n % 3)::integer
from generate_series(1, (select current_setting('bench.rows')::bigint)) as n;

-- name: hot_item
-- One item that all clients buy, and the purchase with which fulfil_batch is compared. That purchase locks the row, reads
-- it and writes it. It writes the same records, without policies.
insert into stock.item (tenant_id, item_id, name, price, received, available)
select t.tenant_id, '00000000-0000-0000-0000-000000000001', 'Hot', 1, 1000000000000, 1000000000000
from core.tenant as t;

create function public.buy_for_update(p_item uuid, p_qty integer, p_key text) returns text
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_claim record;
    v_item stock.item;
    v_state text;
begin
    select c.* into v_claim from core.claim_key(p_key, sha256(convert_to(p_item::text || p_qty, 'UTF8'))) as c;
    if v_claim.outcome <> 'claimed' then
        return v_claim.outcome;
    end if;
    select i.* into v_item from stock.item as i where i.tenant_id = v_tenant and i.item_id = p_item for update;
    v_state := case when v_item.available >= p_qty then 'sold' else 'refused' end;
    if v_state = 'sold' then
        update stock.item as i
        set available = v_item.available - p_qty, sold = v_item.sold + p_qty
        where i.tenant_id = v_tenant and i.item_id = p_item;
    end if;
    insert into stock.purchase (tenant_id, order_key, item_id, qty, state, reason, price, available, ordered_at, decided_at)
    values (
        v_tenant, p_key, p_item, p_qty, v_state, case when v_state = 'refused' then 'out of stock' end, v_item.price,
        v_item.available - case when v_state = 'sold' then p_qty else 0 end, clock_timestamp(), clock_timestamp()
    );
    perform core.write_audit('stock.purchase', p_key, jsonb_build_object('item', p_item, 'qty', p_qty, 'state', v_state));
    perform core.complete_key(p_key, v_claim.attempt, 200, convert_to(v_state, 'UTF8'));
    return v_state;
end;
$$;
grant execute on function public.buy_for_update(uuid, integer, text) to stanchion_app;

create function public.take(p_qty integer) returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update stock.item as i
    set available = i.available - p_qty, sold = i.sold + p_qty
    where i.tenant_id = core.current_tenant() and i.item_id = '00000000-0000-0000-0000-000000000001' and i.available >= p_qty;
end;
$$;
grant execute on function public.take(integer) to stanchion_app;

-- name: increments
-- Copies of the game that the tenant loaded, numbers :bench.from to :bench.to. They are distributed to :bench.tenants
-- tenants, :bench.per_day per day, each with its own load. With :bench.built they count as built, so that the next day can
-- be measured.
do $$
declare
    v_from constant integer := current_setting('bench.from')::integer;
    v_to constant integer := current_setting('bench.to')::integer;
    v_per_day constant integer := current_setting('bench.per_day')::integer;
    v_is_built constant boolean := current_setting('bench.built')::boolean;
    v_template constant uuid := core.required_tenant();
    v_first_load bigint;
    v_days date[];
    v_table record;
    v_part record;
    v_columns text;
begin
    create temporary table copied_tenant on commit drop as
    select n, md5('bench' || n)::uuid as tenant_id
    from generate_series(0, current_setting('bench.tenants')::integer - 1) as n;
    insert into core.tenant (tenant_id, slug, name, kind)
    select t.tenant_id, 'bench-' || t.n, 'Bench ' || t.n, 'league'
    from copied_tenant as t
    on conflict do nothing;

    v_days := array(select distinct date '2024-01-01' + n / v_per_day from generate_series(v_from, v_to) as n order by 1);
    for n in 0..cardinality(v_days) / 100 loop
        perform contest.ensure_game_days(v_days[100 * n + 1:100 * n + 100]);
    end loop;
    set local role stanchion_builder;
    perform core.ensure_mart_partitions(p.relation, v_days[1], v_days[cardinality(v_days)])
    from (select c.oid::regclass as relation from pg_class as c where c.relnamespace = 'marts'::regnamespace and c.relkind = 'p') as p;
    reset role;
    -- unlogged: the tables exist only during the measurement, and the pages of other sessions must not be counted
    for v_part in
        select c.oid::regclass as relation, c.relispartition
        from pg_class as c
        join pg_namespace as s on s.oid = c.relnamespace
        where c.relkind = 'r' and c.reloptions is null and s.nspname in ('contest', 'landing', 'marts', 'mart_parts', 'parts', 'staging')
    loop
        execute format('alter table %s set (autovacuum_enabled = off)', v_part.relation);
        if v_part.relispartition and v_is_built then
            execute format('alter table %s set unlogged', v_part.relation);
        end if;
    end loop;

    select setval('landing.load_id', nextval('landing.load_id') + v_to - v_from + 1) - v_to into v_first_load;
    create temporary table copy on commit drop as
    select games.n, t.tenant_id, date '2024-01-01' + games.n / v_per_day as played_on, v_first_load + games.n as load_id
    from generate_series(v_from, v_to) as games (n)
    join copied_tenant as t on t.n = games.n % current_setting('bench.tenants')::integer;
    analyze copy;
    insert into landing.load_batch (tenant_id, load_id, state, kind, source, finished_at)
    select c.tenant_id, c.load_id, 'done', 'games', 'copies', core.clock()
    from copy as c
    order by c.load_id;

    -- first the rows that a tenant has once, then its rows per game; a game comes before the rows that reference it
    for v_table in
        select
            format('%I.%I', s.nspname, r.relname) as name,
            g.attname is not null as is_of_games
        from pg_class as r
        join pg_namespace as s on s.oid = r.relnamespace
        left join pg_attribute as g on g.attrelid = r.oid and g.attname = 'game_key'
        where
            r.relkind in ('r', 'p')
            and not r.relispartition
            and (
                s.nspname = 'contest' and (r.relname in ('season', 'team', 'person') or g.attname is not null)
                or s.nspname in ('marts', 'staging') and g.attname is not null and v_is_built
            )
        order by g.attname is not null, r.relname <> 'fixture', r.relname
    loop
        select
            string_agg(
                case a.attname
                    when 'tenant_id' then 'copy.tenant_id' when 'game_key' then '''g'' || copy.n' when 'played_on' then 'copy.played_on'
                    when 'load_id' then 'copy.load_id' else 'template.' || quote_ident(a.attname)
                end, ', ' order by a.attnum
            )
        into v_columns
        from pg_attribute as a
        where a.attrelid = v_table.name::regclass and a.attnum > 0 and not a.attisdropped;
        execute format('create temporary table template on commit drop as select * from %s where tenant_id = %L', v_table.name, v_template);
        execute format(
            'insert into %s select %s from %s as copy cross join lateral (select * from template where copy.tenant_id is not null offset 0) as template %s',
            v_table.name, v_columns,
            -- ordered by game, so that the rows of a game are adjacent, as after a load
            case when v_table.is_of_games then '(select * from copy order by n)' else '(select distinct tenant_id from copy)' end,
            case when v_table.is_of_games then '' else 'on conflict do nothing' end
        );
        drop table template;
    end loop;
    if v_is_built then
        update core.stat_refresh as r
        set position = v_first_load + v_to
        where r.changes = 'loads' and r.position > 0 and exists (select from pg_attribute as a where a.attrelid = to_regclass(r.model) and a.attname = 'game_key');
    end if;
end;
$$;

-- name: live_cup
-- A competition of 32 teams and 100 fixtures, and a function that makes the next step in one fixture. One side submits a
-- score and the other side disputes or confirms it. A confirmed score is amended by later steps.
do $$
declare
    v_player uuid;
begin
    perform contest.create_competition('cup', 'Cup', 'free');
    for n in 0..31 loop
        perform contest.enter_team('cup', 'team ' || n);
        v_player := core.add_member(format('player%s@example.org', n), 'Player', 'viewer');
        perform contest.enter_player('cup', 'team ' || n, 'player ' || n, 'Player', v_player);
    end loop;
    for n in 0..99 loop
        perform contest.add_fixture('cup', 'team ' || n % 32, 'team ' || (n * 5 + 1 + n / 32) % 32);
    end loop;
end;
$$;

create function public.next_step(p_game text) returns text language plpgsql volatile as $$
declare
    v_fixture contest.fixture;
    v_pending contest.score_submission;
    v_team text;
    v_home integer := floor(random() * 10);
begin
    loop
        begin
            select f.* into v_fixture from contest.fixture as f
            where f.tenant_id = core.current_tenant() and f.game_key = p_game;
            if v_fixture.status = 'final' then
                perform contest.amend_result(
                    p_game, v_home, (v_fixture.official_away + 1 + floor(random() * 8)::integer) % 10, 'it was so',
                    v_fixture.version
                );
                return 'amended';
            end if;
            select s.* into v_pending from contest.score_submission as s
            where s.tenant_id = core.current_tenant() and s.game_key = p_game and s.state = 'pending';
            v_team := case when v_pending.side = 'home' then v_fixture.away_team_key else v_fixture.home_team_key end;
            perform set_config('app.principal_id', p.principal_id::text, true)
            from contest.player as p
            where p.tenant_id = core.current_tenant() and p.competition_key = 'cup' and p.team_key = v_team;
            if v_pending.submission_key is null then
                perform contest.submit_score(p_game, v_home, v_home + 1, gen_random_uuid()::text, v_fixture.version);
                return 'submitted';
            elsif random() < 0.95 then
                perform contest.dispute_score(v_pending.submission_key, 'wrong score', v_fixture.version);
                return 'disputed';
            else
                perform contest.confirm_score(v_pending.submission_key, v_fixture.version);
                return 'confirmed';
            end if;
        exception
            -- another client changed this fixture after it was read: read it again
            when serialization_failure or object_not_in_prerequisite_state then
                perform set_config('app.principal_id', '', true);
        end;
    end loop;
end;
$$;

-- name: live_keys
-- :bench.rows keys, claimed today. They are spread evenly, so that every later key falls between them. Inserting them in
-- order takes a minute instead of ten.
insert into core.idempotency_key (
    tenant_id, key_id, claimed_on, attempt, claimed_at, lease_until, completed_at, response_code, fingerprint
)
select
    (select core.required_tenant()),
    (lpad(to_hex(n * (281474976710656 / (select current_setting('bench.rows')::bigint))), 12, '0') || '8000800000000000' || '0000')::uuid,
    core.utc_day(clock_timestamp()),
    1,
    clock_timestamp(),
    clock_timestamp(),
    clock_timestamp(),
    200,
    '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'
from generate_series(0, current_setting('bench.rows')::bigint - 1) as n;

-- name: live_plain_keys
-- The keys of core.idempotency_key in the table with which claims are compared, as long as the keys of the scripts.
insert into public.plain_key (tenant_id, key, claimed_at, lease_until, completed_at, response_code, fingerprint)
select
    k.tenant_id,
    'order-' || translate(k.key_id::text, '-', '') || '000000',
    k.claimed_at,
    k.lease_until,
    k.completed_at,
    k.response_code,
    k.fingerprint
from core.idempotency_key as k
order by k.tenant_id, k.key_id;

-- name: live_sums
-- Lines of the standings that differ from the sum of the ledger, in one snapshot.
with line as (
    select l.team_key, l.points, l.played, l.won, l.drawn, l.lost, l.score_for, l.score_against
    from contest.leaderboard('cup') as l
),

entry as (
    select
        p.team_key,
        sum(p.points) as points,
        sum(p.played) as played,
        sum(p.won) as won,
        sum(p.drawn) as drawn,
        sum(p.lost) as lost,
        sum(p.score_for) as score_for,
        sum(p.score_against) as score_against
    from contest.point_entry as p
    where p.tenant_id = core.current_tenant() and p.competition_key = 'cup'
    group by p.team_key
)

select count(*)
from line
left join entry on entry.team_key = line.team_key
where
    (line.points, line.played, line.won, line.drawn, line.lost, line.score_for, line.score_against) is distinct from (
        coalesce(entry.points, 0), coalesce(entry.played, 0), coalesce(entry.won, 0), coalesce(entry.drawn, 0),
        coalesce(entry.lost, 0), coalesce(entry.score_for, 0), coalesce(entry.score_against, 0)
    );

-- name: many_orders
-- :bench.rows orders in the queue, to measure how fast they are decided. The keys are UUIDv7, which need no lock, because
-- this is one transaction.
select count(*)
from generate_series(1, current_setting('bench.rows')::integer) as n
cross join
    lateral (
        select left(h, 8) || '-' || right(h, 4) || '-7' || substr(gen_random_uuid()::text, 16, 9) || lpad(n::text, 12, '0') as key
        from lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') as h
    ) as o
cross join lateral core.claim_key(o.key, '\x00', '1 day') as c
cross join lateral core.enqueue(
    'stock.orders',
    jsonb_build_object('item', '00000000-0000-0000-0000-000000000001', 'qty', 1, 'key', o.key, 'attempt', c.attempt)
);

-- name: marts
-- Marts of many tenants: :rows rows of players, 22 per game.
--
-- As in real data, a few tenants have most of the games: the tenant of a game is drawn as n * random^2.
create temporary table tenant_no as
select
    n,
    md5('bench' || n)::uuid as tenant_id
from generate_series(0, current_setting('bench.tenants')::integer - 1) as n;
create unique index on tenant_no (n);

select setseed(0.5);
create temporary table game_no as
select
    floor(current_setting('bench.tenants')::integer * random() ^ 2)::integer as t,
    g
from generate_series(1, current_setting('bench.rows')::integer / 22) as g;

insert into core.tenant (tenant_id, slug, name, kind)
select
    t.tenant_id,
    'bench-' || t.n,
    'Bench ' || t.n,
    'league'
from tenant_no as t;

insert into marts.fact_player_game (
    tenant_id, game_key, side, player_key, person_key, is_known, person_name, position, team_key, opponent_team_key, played_on, season_key,
    game_type, is_counted, is_goalie, has_played, goals, assists, first_assists, second_assists, assists_linked, points, shots,
    shots_on_goal, seconds, net_seconds, stints, shifts, plus, minus, plus_minus, goals_for_on, goals_against_on, plus_minus_all,
    penalties, penalty_minutes, faceoffs_won, faceoffs_lost, giveaways, takeaways, passes, passes_completed, blocks, saves,
    goals_against, corsi_for, corsi_against, hits, shooting_share, faceoff_share, corsi_share, xg, goals_above_expected,
    high_danger_shots, xg_for_on, xg_against_on
)
select
    tenant.tenant_id,
    'g' || game.g,
    case when p < 11 then 'home' else 'away' end,
    (p % 11 + 1)::text,
    format('P%s-%s-%s', (game.g + p / 11) % 8, game.g / 7 % 2, p % 11),
    true,
    'Player',
    case when p % 11 = 10 then 'G' else 'F' end,
    'team ' || (game.g + p / 11) % 8,
    'team ' || (game.g + 1 - p / 11) % 8,
    date '2021-09-01' + (game.g::bigint * 1700 / (select max(g) from game_no))::integer,
    's' || (game.g::bigint * 5 / (select max(g) + 1 from game_no)),
    case when game.g % 10 = 0 then 'Playoffs' else 'Regular' end,
    true, p % 11 = 10, true, (hashint4(game.g * 31 + p) & 7 = 0)::integer, hashint4(game.g * 17 + p) & 1, hashint4(game.g * 17 + p) & 1, 0, 0,
    (hashint4(game.g * 31 + p) & 7 = 0)::integer + (hashint4(game.g * 17 + p) & 1), hashint4(game.g * 7 + p) & 7, hashint4(game.g * 7 + p) & 3,
    600 + (hashint4(game.g + p) & 511), 500, 20, 15, 1, 1, 0, 1, 1, 0, 0, 0, 1, 1, 2, 1, 20, 12, 0, 0, 0, 12, 11, 1,
    0.25, 0.5, 12 / 23.0, (hashint4(game.g * 13 + p) & 1023) / 2048.0, (hashint4(game.g * 31 + p) & 7 = 0)::integer - 0.25,
    hashint4(game.g * 11 + p) & 1, 1.1234, 1.0321
from game_no as game
join tenant_no as tenant on tenant.n = game.t
cross join generate_series(0, 21) as p
order by game.g, p;

insert into marts.fact_team_game (
    tenant_id, game_key, side, team_key, opponent_team_key, played_on, season_key, game_type, is_counted, score_for, score_against, goals,
    goals_against, result, is_overtime, is_shootout, shots_on_goal, shots_against, corsi_for, corsi_against, seconds,
    goals_by_period, power_plays, power_play_goals, xg, xg_against, goals_above_expected, high_danger_shots,
    high_danger_shots_against, xg_share, corsi_share
)
select
    p.tenant_id, p.game_key, p.side, p.team_key, p.opponent_team_key, p.played_on, p.season_key, p.game_type, true, p.goals as score_for, 2, p.goals, 2,
    case when p.goals > 2 then 'W' when p.goals = 2 then 'T' else 'L' end, false, false, p.shots, 20, 40, 38, 3600,
    '{"1": 1, "2": 1}', 3, 1, 2.5678, 2.1234, p.goals - 2.5678, 4, 3, 0.55, 40 / 78.0
from (
    select
        l.tenant_id, l.game_key, l.side, l.team_key, l.opponent_team_key, l.played_on, l.season_key, l.game_type,
        sum(l.goals)::integer as goals,
        sum(l.shots)::integer as shots
    from marts.fact_player_game as l
    group by l.tenant_id, l.game_key, l.side, l.team_key, l.opponent_team_key, l.played_on, l.season_key, l.game_type
) as p
order by p.game_key;

insert into marts.dim_person (tenant_id, person_key, person_name, is_known)
select distinct
    l.tenant_id,
    l.person_key,
    'Player ' || l.person_key,
    true
from marts.fact_player_game as l
order by l.tenant_id, l.person_key;

insert into marts.dim_team (tenant_id, team_key, team_name, colour)
select distinct
    l.tenant_id,
    l.team_key,
    initcap(l.team_key),
    '#1f6fa8'
from marts.fact_team_game as l
order by l.tenant_id, l.team_key;

insert into marts.dim_league_rules (
    tenant_id, valid_from, valid_to, points_win, points_regular_win, points_tie, points_loss, points_overtime_loss
)
select
    t.tenant_id,
    '-infinity',
    'infinity',
    2, 0, 1, 0, 1
from tenant_no as t;

-- name: pages
-- Number of pages touched per table since the statistics began, including the pages of its partitions.
select
    s.schemaname || '.' || regexp_replace(s.relname, '_+[0-9]+$', '') as name,
    sum(s.heap_blks_read + s.heap_blks_hit + coalesce(s.idx_blks_read + s.idx_blks_hit, 0))::bigint as pages
from pg_statio_user_tables as s
where s.schemaname in ('contest', 'landing', 'marts', 'mart_parts', 'parts', 'staging')
group by 1;

-- name: peer_tables
-- Tables for the rows of other loaders, with the keys and checks of the tables of games.
create schema peer;
create table peer.play_event (
    game_key text not null,
    event_no integer not null,
    period integer not null,
    type text not null,
    detail1 text,
    detail2 text,
    side text,
    zone text,
    success boolean,
    strength text,
    start_s numeric,
    end_s numeric,
    linked_group bigint,
    sequence_no bigint,
    play_no bigint,
    is_highlight boolean not null,
    constraint play_event_pk primary key (game_key, event_no),
    constraint play_event_side_known check (side in ('home', 'away')),
    constraint play_event_zone_known check (zone in ('o', 'd', 'n'))
);
create table peer.play_participant (
    game_key text not null,
    event_no integer not null,
    participant_no integer not null,
    role text,
    side text,
    jersey text,
    name text,
    detail1 text,
    detail2 text,
    pressure text,
    side_of_puck text,
    constraint play_participant_pk primary key (game_key, event_no, participant_no),
    constraint play_participant_side_known check (side in ('home', 'away'))
);
create table peer.play_point (
    game_key text not null,
    event_no integer not null,
    participant_no integer not null,
    point_no integer not null,
    x numeric not null,
    y numeric not null,
    constraint play_point_pk primary key (game_key, event_no, participant_no, point_no)
);
create table peer.stint (
    game_key text not null,
    stint_no integer not null,
    period integer not null,
    start_s numeric not null,
    end_s numeric not null,
    constraint stint_pk primary key (game_key, stint_no),
    constraint stint_ends_after_it_starts check (end_s <= start_s)
);
create table peer.stint_player (
    game_key text not null,
    stint_no integer not null,
    side text not null,
    slot text not null,
    jersey text,
    name text,
    constraint stint_player_pk primary key (game_key, stint_no, side, slot),
    constraint stint_player_side_known check (side in ('home', 'away')),
    constraint stint_player_slot_known check (slot in ('F1', 'F2', 'F3', 'D1', 'D2', 'G', 'X'))
);

-- name: plain_events
-- The alternative to appending events: a notification in every transaction, in addition to the event.
create function public.append_and_notify(p_stream text) returns void
language plpgsql
as $$
begin
    perform core.append_events('bench', p_stream, null, '[{"type": "scored", "payload": {"by": 7, "at": 61.5}}]');
    perform pg_notify('bench_each', '');
end;
$$;
grant execute on function public.append_and_notify(text) to stanchion_app;

-- name: plain_keys
-- The alternative to claiming keys: one table without partitions, in an application that does the rest itself.
create table public.plain_key (
    tenant_id uuid not null,
    key text not null,
    attempt integer not null default 1,
    claimed_at timestamptz not null,
    lease_until timestamptz not null,
    completed_at timestamptz,
    response_code integer,
    fingerprint bytea not null,
    response_body bytea,
    constraint plain_key_pk primary key (tenant_id, key)
);
alter table public.plain_key enable row level security;
create policy own_tenant on public.plain_key
for all to stanchion_app
using (tenant_id = core.current_tenant())
with check (tenant_id = core.current_tenant());
grant select, insert, update on public.plain_key to stanchion_app;
-- The same insert in a function, to measure the cost of the call.
create function public.claim_plainly(p_key text, p_fingerprint bytea, p_lease interval, out outcome text, out attempt integer)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into public.plain_key (tenant_id, key, claimed_at, lease_until, fingerprint)
    values (core.current_tenant(), p_key, clock_timestamp(), clock_timestamp() + p_lease, p_fingerprint)
    on conflict do nothing;
    if found then
        outcome := 'claimed';
        attempt := 1;
    end if;
end;
$$;
grant execute on function public.claim_plainly(text, bytea, interval) to stanchion_app;

-- name: usage
-- The alternative to workspace.record_usage: a use is only inserted, and counted later.
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

-- The same, with the tenant's row locked, as every check of a limit needs.
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

-- name: workspace
-- Workspaces of 10,000 tenants: :rows uses of features within 60 days, a fifth as many members, and 200,000 documents
-- of one tenant. As in real data, a few tenants have most of them: the tenant of a row is drawn as n * random^3.
--
-- Inserting rows ordered by tenant takes minutes instead of an hour.
select setseed(0.5);
select core.ensure_partitions('workspace.usage_event', core.utc_day(core.clock()) - 60, core.utc_day(core.clock()));

insert into core.tenant (tenant_id, slug, name, kind)
select
    md5('bench' || n)::uuid,
    'bench-' || n,
    'Bench ' || n,
    'team'
from generate_series(0, 9999) as n;

create temporary table member as
select
    md5('bench' || floor(10000 * random() ^ 3)::integer)::uuid as tenant_id,
    gen_random_uuid() as principal_id,
    n
from generate_series(1, current_setting('bench.rows')::integer / 5) as n;

insert into core.principal (tenant_id, principal_id, email, display_name)
select
    m.tenant_id,
    m.principal_id,
    format('m%s@example.org', m.n),
    'Member'
from member as m
order by 1, 2;

insert into core.membership (tenant_id, principal_id, role)
select
    m.tenant_id,
    m.principal_id,
    'viewer'
from member as m
order by 1, 2;

insert into workspace.usage_event (tenant_id, used_on, used_at, feature, tokens, cost)
select
    md5('bench' || u.t)::uuid,
    core.utc_day(u.used_at),
    u.used_at,
    (array['assistant', 'export', 'report'])[1 + u.n % 3],
    u.n % 1000,
    0.00045
from (
    select
        n,
        floor(10000 * random() ^ 3)::integer as t,
        core.clock() - random() * interval '60 days' as used_at
    from generate_series(1, current_setting('bench.rows')::integer) as n
) as u
order by 2, 1;

insert into workspace.usage_daily (tenant_id, used_on, feature, calls, tokens, cost, last_used_at)
select
    e.tenant_id,
    e.used_on,
    e.feature,
    count(*),
    sum(e.tokens),
    sum(e.cost),
    max(e.used_at)
from workspace.usage_event as e
group by 1, 2, 3
order by 1, 2, 3;

insert into workspace.document (tenant_id, name, body, tags, created_at, updated_at)
select
    md5('bench0')::uuid,
    'Report ' || n,
    (
        select
            string_agg(format('word%s', (n::bigint * p) % 20011), ' ') || case when n % 10 = 0 then ' often' else '' end
            || case when n % 10000 = 0 then ' rarely' else '' end || ' always'
        from unnest(array[7, 13, 101, 211, 1009, 2003, 4001, 5003, 6007, 7001, 8009, 9001, 10007, 11003]) as p
    ),
    array['t' || n % 7],
    core.clock(),
    core.clock() - n * interval '1 second'
from generate_series(1, least(200000, current_setting('bench.rows')::integer / 5)) as n;

insert into workspace.dataset (tenant_id, name, row_count, byte_count, updated_at)
select
    md5('bench' || n % 10000)::uuid,
    'Data',
    n,
    100 * n as bytes,
    core.clock()
from generate_series(0, 49999) as n;
