-- The box scores of a folder of exports in DuckDB: one line per player and per team of a game.
--
-- Of the saves of a game the latest one is used. Workbooks are not read. The definitions are those of the marts, as far
-- as the files of `stanchion sample` need them: each goal has a shot, and each assist names its goal.
create temp table save as
select *
from read_json(
    $exports,
    columns = {
        gameId: 'VARCHAR',
        exportDate: 'TIMESTAMP',
        rosters: 'STRUCT(home STRUCT(id VARCHAR, num VARCHAR)[], away STRUCT(id VARCHAR, num VARCHAR)[])',
        events: 'STRUCT(
            period INTEGER, type VARCHAR, team VARCHAR, detail1 VARCHAR, start_time VARCHAR,
            players STRUCT(num VARCHAR, team VARCHAR, role VARCHAR, playD1 VARCHAR)[]
        )[]',
        shifts: 'STRUCT(
            period INTEGER, start_time VARCHAR, end_time VARCHAR, duration INTEGER,
            home MAP(VARCHAR, STRUCT(num VARCHAR)), away MAP(VARCHAR, STRUCT(num VARCHAR))
        )[]',
        penaltyLengths: 'STRUCT(minor INTEGER, major INTEGER, misconduct INTEGER)'
    },
    maximum_object_size = 67108864
)
qualify row_number() over (partition by gameId order by exportDate desc) = 1;

create temp table listed as
with

roster as (
    select gid as game_key, date as played_on, 'home' as side, unnest(homeRoster, recursive := true)
    from read_json(
        $rosters,
        columns = {gid: 'VARCHAR', date: 'DATE', homeRoster: 'STRUCT(n VARCHAR, name VARCHAR, pos VARCHAR)[]'}
    )
    union all
    select gid, date, 'away', unnest(awayRoster, recursive := true)
    from read_json(
        $rosters,
        columns = {gid: 'VARCHAR', date: 'DATE', awayRoster: 'STRUCT(n VARCHAR, name VARCHAR, pos VARCHAR)[]'}
    )
),

person as (
    select gameId as game_key, 'home' as side, unnest(rosters.home, recursive := true) from save
    union all
    select gameId, 'away', unnest(rosters.away, recursive := true) from save
)

select
    person.game_key, person.side, person.num as player_key, roster.played_on, person.id as person_key,
    roster.name as person_name, roster.pos as position
from person
join roster on roster.game_key = person.game_key and roster.side = person.side and roster.n = person.num;

create temp table event as
select
    * exclude (start_time, penaltyLengths),
    split_part(start_time, ':', 1)::integer * 60 + split_part(start_time, ':', 2)::integer as remaining_s,
    list_filter(players, lambda p: p.role = 'event_player_1')[1].num as player_key,
    case
        when type <> 'Penalty' then 0
        when detail1 ilike '%misconduct%' then penaltyLengths.misconduct
        when detail1 ilike '%major%' then penaltyLengths.major
        when detail1 ilike '%minor%' then penaltyLengths.minor
        else 0
    end as minutes
from (
    select
        gameId as game_key, penaltyLengths, generate_subscripts(events, 1) as event_no,
        unnest(events, max_depth := 2)
    from save
);

create temp table stint as
select
    game_key, stint_no, period, duration, home, away,
    split_part(start_time, ':', 1)::integer * 60 + split_part(start_time, ':', 2)::integer as start_s,
    split_part(end_time, ':', 1)::integer * 60 + split_part(end_time, ':', 2)::integer as end_s
from (
    select gameId as game_key, generate_subscripts(shifts, 1) as stint_no, unnest(shifts, max_depth := 2) from save
)
where start_time <> '';

create temp table on_ice as
select game_key, stint_no, duration, side, key as slot, num as player_key
from (
    select game_key, stint_no, duration, 'home' as side, unnest(map_entries(home), recursive := true) from stint
    union all
    select game_key, stint_no, duration, 'away', unnest(map_entries(away), recursive := true) from stint
)
where num is not null;

-- A stint includes the second in which it ends. The second in which it begins belongs to it when no other stint ends then.
create temp table goal as
with

strength as (
    select
        game_key, stint_no,
        count(*) filter (where side = 'home') as home,
        count(*) filter (where side = 'away') as away
    from on_ice
    group by all
),

placed as (
    select event.game_key, event.event_no, event.team as side, stint.stint_no
    from event
    join stint
        on
            stint.game_key = event.game_key
            and stint.period = event.period
            and (stint.start_s > event.remaining_s and event.remaining_s >= stint.end_s or stint.start_s = event.remaining_s)
    where event.type = 'Goal'
    qualify row_number() over (
        partition by event.game_key, event.event_no order by stint.start_s > event.remaining_s desc, stint.stint_no
    ) = 1
)

select
    placed.*,
    case side when 'home' then home - away else away - home end as more_players
from placed
join strength using (game_key, stint_no);

create temp table player_line as
with

counted as (
    select
        game_key, team as side, player_key,
        count(*) filter (where type = 'Goal') as goals,
        count(*) filter (where type = 'Shot') as shots,
        count(*) filter (where type = 'Shot' and (detail1 like '%OnNet%' or detail1 like '%Goal')) as shots_on_goal,
        count(*) filter (where type = 'Penalty') as penalties,
        sum(minutes) as penalty_minutes,
        count(*) filter (where type = 'Faceoff') as faceoffs_won,
        count(*) filter (where type = 'Turnover' and detail1 like '%Giveaway%') as giveaways,
        count(*) filter (where type = 'Turnover' and detail1 like '%Takeaway%') as takeaways,
        count(*) filter (where type = 'Pass') as passes,
        count(*) filter (where type = 'Pass' and detail1 like '%Completed%') as passes_completed,
        count(*) filter (where type = 'Save') as saves
    from event
    where type in ('Goal', 'Shot', 'Faceoff', 'Penalty', 'Save', 'Turnover', 'Pass')
    group by all
),

took_part as (
    select
        game_key, team as side, num as player_key,
        count(*) filter (where type = 'Faceoff' and role = 'opp_player_1') as faceoffs_lost,
        count(*) filter (where playD1 = 'AssistPrimary') as first_assists,
        count(*) filter (where playD1 = 'AssistSecondary') as second_assists
    from (select game_key, type, unnest(players, recursive := true) from event)
    where type = 'Faceoff' or playD1 in ('AssistPrimary', 'AssistSecondary')
    group by all
),

ice as (
    select game_key, side, player_key, sum(duration) as seconds, count(*) as stints
    from on_ice
    group by all
),

happened as (
    select
        on_ice.game_key, on_ice.side, on_ice.player_key,
        count(*) filter (where slot <> 'G' and on_ice.side = goal.side and more_players <= 0) as plus,
        count(*) filter (where slot <> 'G' and on_ice.side <> goal.side and more_players <= 0) as minus,
        count(*) filter (where slot = 'G' and on_ice.side <> goal.side) as goals_against
    from goal
    join on_ice using (game_key, stint_no)
    group by all
)

select
    game_key, side, player_key, played_on, person_key, person_name, position,
    coalesce(columns(counted.* exclude (game_key, side, player_key)), 0)::integer,
    coalesce(columns(took_part.* exclude (game_key, side, player_key)), 0)::integer,
    coalesce(columns(ice.* exclude (game_key, side, player_key)), 0)::integer,
    coalesce(columns(happened.* exclude (game_key, side, player_key)), 0)::integer
from listed
left join counted using (game_key, side, player_key)
left join took_part using (game_key, side, player_key)
left join ice using (game_key, side, player_key)
left join happened using (game_key, side, player_key);

create temp table team_line as
with

counted as (
    select
        game_key, team as side,
        (count(*) filter (where type = 'Shot' and detail1 like '%Blocked%'))::integer as shots_blocked,
        (count(*) filter (where type = 'Shot' and (detail1 like '%Missed%' or detail1 like '%HitPost%')))::integer as shots_missed
    from event
    group by all
),

scored as (
    select
        game_key, side,
        (count(*) filter (where more_players > 0))::integer as power_play_goals,
        (count(*) filter (where more_players < 0))::integer as short_handed_goals
    from goal
    group by all
),

played as (
    select game_key, sum(duration)::integer as seconds from stint group by all
),

own as (
    select
        game_key, side,
        sum(columns(
            '^(goals|shots|shots_on_goal|penalties|penalty_minutes|faceoffs_.*|giveaways|takeaways|passes.*|saves)$'
        ))::integer,
        sum(first_assists + second_assists)::integer as assists
    from player_line
    group by all
)

select
    own.*, other.goals as goals_against, played.seconds, counted.shots_blocked, counted.shots_missed,
    coalesce(scored.power_play_goals, 0) as power_play_goals, coalesce(scored.short_handed_goals, 0) as short_handed_goals
from own
join own as other on other.game_key = own.game_key and other.side <> own.side
join played on played.game_key = own.game_key
join counted on counted.game_key = own.game_key and counted.side = own.side
left join scored on scored.game_key = own.game_key and scored.side = own.side;
