{{ config(indexes=[
    {'columns': ['tenant_id', 'person_key', 'played_on']},
]) }}

-- Each attempt once: a goal is its shot, or the goal itself when no shot was entered for it. Places are turned so that
-- the shooting team attacks x = 100. Which end it attacks is found for each period, because sources differ: in some,
-- teams change ends every period, in some the home team always attacks the same end, in some the shooting team does.
with

games as (

    {{ changed_games() }}

),

fitted as (

    {{ xg_coefficients() }}

),

shots as (

    select
        games.tenant_id,
        games.game_key,
        lines.event_no,
        lines.goal_event_no,
        games.played_on,
        games.season_key,
        games.game_type,
        lines.period,
        lines.remaining_s,
        lines.elapsed_s,
        lines.side,
        {{ team_of('lines.side') }} as team_key,
        case lines.side when 'home' then games.away_team_key else games.home_team_key end as opponent_team_key,
        lines.player_key,
        lines.person_key,
        lines.goalie_key,
        case when lines.goalie_key is not null
            then {{ person_of('lines.goalie_person_key', 'lines.other_side', 'lines.goalie_key') }}
        end as goalie_person_key,
        lines.stint_no,
        {{ recorded('on_ice', 'lines.on_ice_for') }} as on_ice_for,
        {{ recorded('on_ice', 'lines.on_ice_against') }} as on_ice_against,
        lines.x::numeric(5, 2) as x,
        lines.y::numeric(5, 2) as y,
        lines.distance::numeric(6, 2) as distance,
        lines.angle::numeric(6, 2) as angle,
        lines.shot_type,
        lines.strength,
        lines.is_rebound,
        lines.is_rush,
        lines.is_empty_net,
        lines.is_penalty_shot,
        lines.outcome,
        coalesce(lines.outcome = 'goal', false) as is_goal,
        case when coalesce(lines.outcome <> 'blocked', true) then {{ recorded('coordinates', xg_of('lines', 'fitted')) }} end as xg
    from games
    cross join fitted
    cross join lateral (
        with

        -- materialized: read once a game instead of once a shot
        stints as materialized (
            select *
            from {{ ref('fact_stint') }} as of_game
            where of_game.tenant_id = games.tenant_id and of_game.game_key = games.game_key
        ),

        on_ice as materialized (
            select
                players.stint_no,
                players.side,
                array_agg(players.person_key order by players.is_goalie, players.player_key) as person_keys
            from {{ ref('fact_player_stint') }} as players
            where {{ of_game('players') }}
            group by players.stint_no, players.side
        ),

        -- the first place of the puck, or else of the acting player, and the net if the source records it
        points as (
            select
                places.event_no,
                coalesce(max(places.x) filter (where places.kind = 'puck'), max(places.x) filter (where places.kind = 'player')) as x,
                coalesce(max(places.y) filter (where places.kind = 'puck'), max(places.y) filter (where places.kind = 'player')) as y,
                max(places.x) filter (where places.kind = 'net') as net_x
            from {{ ref('stg_contest__play_point') }} as places
            where {{ of_game('places') }} and places.point_no = 0 and places.participant_no <= 0
            group by places.event_no
        ),

        plays as (
            select
                events.event_no,
                events.period,
                events.remaining_s,
                events.elapsed_s,
                events.type,
                events.detail1,
                events.detail2,
                events.credited_side as side,
                events.zone,
                events.player_key,
                events.person_key,
                events.strength,
                events.is_empty_net,
                events.is_shot,
                events.is_goal,
                events.adds_shot,
                events.is_blocked,
                events.is_missed,
                events.is_on_goal,
                of_goal.is_goal_shot,
                events.is_on_goal and events.type = 'Shot' and not of_goal.is_goal_shot as is_saved,
                coalesce(events.detail2 like '%PenaltyShot', false) as is_penalty_shot,
                points.x,
                points.y,
                points.net_x
            from {{ ref('fact_event') }} as events
            left join points on points.event_no = events.event_no
            cross join lateral (
                select events.type = 'Shot' and events.side is not null and coalesce(events.detail1 like '%Goal', false) as is_goal_shot
            ) as of_goal
            where {{ of_game('events') }} and events.type <> 'Shootout'
        ),

        -- for each period, the sum of the x of the shots, with the sign of the side in `ends`
        seen as (
            select
                plays.period,
                count(*) as shots,
                sum(towards.x) as together,
                sum(case plays.side when 'home' then towards.x else -towards.x end) as ends
            from plays
            -- the net itself, or the end that the zone of the source names, or the end that is nearer
            cross join lateral (
                select case when plays.net_x is not null then 89 * sign(plays.net_x) when plays.zone = 'd' then -plays.x else plays.x end as x
            ) as towards
            where plays.is_shot and towards.x is not null
            group by plays.period
        ),

        patterns as (
            select
                -- both sides attack the same end in every period, from the view of the shooting team
                abs(sum(seen.together)) > sum(abs(seen.ends)) as is_of_shooter,
                sign(sum(seen.together)) as shooter,
                sum(seen.ends) as unchanged,
                sum(case when seen.period % 2 = 1 then seen.ends else -seen.ends end) as changing
            from seen
        ),

        -- The sign of x at the end that each side attacks. A period with few shots follows the other periods.
        directions as (
            select
                numbers.period,
                sides.side,
                case
                    when patterns.is_of_shooter then patterns.shooter
                    when seen.shots >= 5 and seen.ends <> 0 then sides.turn * sign(seen.ends)
                    when abs(patterns.changing) < abs(patterns.unchanged) then sides.turn * sign(patterns.unchanged)
                    else sides.turn * sign(patterns.changing) * case when numbers.period % 2 = 1 then 1 else -1 end
                end as ahead
            from (select distinct plays.period from plays) as numbers
            cross join patterns
            cross join (values ('home', 1), ('away', -1)) as sides (side, turn)
            left join seen on seen.period = numbers.period
        ),

        -- Shots, goals and saves. The n-th shot of a goal in one second belongs to the n-th goal, and the n-th save to the
        -- n-th saved shot.
        ordered as (
            select
                plays.*,
                plays.x * directions.ahead as own_x,
                plays.y * directions.ahead as own_y,
                row_number() over (
                    partition by plays.period, plays.remaining_s, plays.side, plays.is_goal, plays.is_goal_shot, plays.is_saved, plays.type
                    order by plays.event_no
                ) as nth
            from plays
            left join directions on directions.period = plays.period and directions.side = plays.side
            where plays.is_shot or plays.is_goal or plays.type = 'Save'
        ),

        moments as (
            select
                plays.event_no,
                plays.period,
                plays.side,
                plays.is_saved and not plays.is_penalty_shot as is_saved,
                -- in the neutral zone or the own zone of the side itself, and of the other side
                coalesce(plays.zone in ('n', 'd'), plays.x * directions.ahead <= 25) as is_far,
                coalesce(plays.zone in ('n', 'o'), plays.x * directions.ahead >= -25) as is_far_for_other,
                -- orders events by clock, then by number; a second is a million
                plays.event_no - (1000000 * plays.remaining_s)::bigint as moment
            from plays
            left join directions on directions.period = plays.period and directions.side = plays.side
        ),

        -- The last saved shot of each side before each event, and the last event far from the net that the side attacks.
        -- Saved shots are shots. The frame only grows, so that no row is looked at twice.
        before as (
            select
                moments.event_no,
                moments.moment,
                max(moments.moment) filter (where moments.is_saved and moments.side = 'home') over earlier as home_saved,
                max(moments.moment) filter (where moments.is_saved and moments.side = 'away') over earlier as away_saved,
                max(moments.moment) filter (
                    where case moments.side when 'home' then moments.is_far when 'away' then moments.is_far_for_other end
                ) over earlier as home_far,
                max(moments.moment) filter (
                    where case moments.side when 'away' then moments.is_far when 'home' then moments.is_far_for_other end
                ) over earlier as away_far
            from moments
            window earlier as (
                partition by moments.period order by moments.moment rows between unbounded preceding and 1 preceding
            )
        ),

        -- when a roster lists a player twice, the first line is the person
        listed as (
            select distinct on (entries.side, entries.player_key)
                entries.side,
                entries.player_key,
                entries.person_key
            from {{ ref('stg_contest__roster_entry') }} as entries
            where entries.tenant_id = games.tenant_id and entries.game_key = games.game_key
            order by entries.side, entries.player_key, entries.entry_no
        ),

        entered as (
            select
                of_game.event_no,
                of_game.stint_no,
                of_game.beaten_goalie_key
            from {{ ref('fact_shot_attempt') }} as of_game
            where of_game.tenant_id = games.tenant_id and of_game.game_key = games.game_key
        ),

        attempts as (
            select
                shot.event_no,
                shot.period,
                shot.remaining_s,
                shot.elapsed_s,
                shot.side,
                case shot.side when 'home' then 'away' else 'home' end as other_side,
                shot.player_key,
                shot.person_key,
                shot.own_x,
                shot.own_y,
                case when shot.adds_shot then shot.event_no else goal.event_no end as goal_event_no,
                goal.own_x as goal_x,
                goal.own_y as goal_y,
                case
                    when shot.adds_shot or goal.event_no is not null then 'goal'
                    when shot.is_blocked then 'blocked'
                    when shot.is_missed then 'missed'
                    when shot.is_on_goal then 'saved'
                end as outcome,
                lower(coalesce(shot.detail2, goal.detail2)) as kind,
                shot.is_penalty_shot or coalesce(goal.is_penalty_shot, false) as is_penalty_shot,
                coalesce(shot.strength, goal.strength) as strength,
                coalesce(shot.is_empty_net, goal.is_empty_net) as is_empty_net,
                before.moment - case shot.side when 'home' then before.home_saved else before.away_saved end < 4 * 1000000 as is_rebound,
                before.moment - case shot.side when 'home' then before.home_far else before.away_far end < 5 * 1000000 as is_rush,
                save.player_key as saved_by
            from ordered as shot
            join before on before.event_no = shot.event_no
            left join ordered as goal
                on
                    shot.is_goal_shot and goal.is_goal and not goal.adds_shot
                    and goal.period = shot.period and goal.side = shot.side and goal.nth = shot.nth
                    and coalesce(goal.remaining_s, -1) = coalesce(shot.remaining_s, -1)
            left join ordered as save
                on
                    shot.is_saved and save.type = 'Save'
                    and save.period = shot.period and save.side <> shot.side and save.nth = shot.nth
                    and coalesce(save.remaining_s, -1) = coalesce(shot.remaining_s, -1)
            where shot.is_shot
        ),

        described as (
            select
                attempts.*,
                coalesce(attempts.own_x, attempts.goal_x) as x,
                coalesce(attempts.own_y, attempts.goal_y) as y,
                entered.stint_no,
                -- a penalty shot is taken by one player against the goalie
                case when attempts.is_penalty_shot then false
                    else coalesce(
                        attempts.is_empty_net,
                        {{ recorded('goalies', 'case when stints.stint_no is not null then in_net.goalie_key is null end') }}
                    )
                end as has_empty_net,
                case when attempts.is_penalty_shot then 'even'
                    else {{ recorded('strength', 'coalesce(attempts.strength, on_ice_strength.strength)') }}
                end as known_strength,
                coalesce(beaten.beaten_goalie_key, attempts.saved_by, {{ recorded('goalies', 'in_net.goalie_key') }}) as goalie_in_net
            from attempts
            left join entered on entered.event_no = attempts.event_no
            left join entered as beaten on beaten.event_no = attempts.goal_event_no
            left join stints on stints.stint_no = entered.stint_no
            cross join lateral (
                select case attempts.side when 'home' then stints.away_goalie_key else stints.home_goalie_key end as goalie_key
            ) as in_net
            cross join lateral (
                select
                    case sign(case attempts.side when 'home' then 1 else -1 end * (stints.home_players - stints.away_players))
                        when 1 then 'power_play' when -1 then 'short_handed' when 0 then 'even'
                    end as strength
            ) as on_ice_strength
        )

        select
            described.event_no,
            described.goal_event_no,
            described.period,
            described.remaining_s,
            described.elapsed_s,
            described.side,
            described.other_side,
            described.player_key,
            described.stint_no,
            described.outcome,
            described.is_penalty_shot,
            described.x,
            described.y,
            described.known_strength as strength,
            described.has_empty_net as is_empty_net,
            case when described.player_key is not null
                then {{ person_of('described.person_key', 'described.side', 'described.player_key') }}
            end as person_key,
            case when described.has_empty_net is not true then described.goalie_in_net end as goalie_key,
            listed.person_key as goalie_person_key,
            own.person_keys as on_ice_for,
            other.person_keys as on_ice_against,
            case
                when described.kind like '%slap%' then 'slap'
                when described.kind like '%snap%' then 'snap'
                when described.kind like '%back%' then 'backhand'
                when described.kind ~ 'tip|deflect' then 'tip'
                when described.kind like '%wrap%' then 'wrap_around'
                when described.kind ~ 'one_?time' then 'one_timer'
                when described.kind like '%wrist%' then 'wrist'
            end as shot_type,
            sqrt((89 - described.x) ^ 2 + described.y ^ 2) as distance,
            case when described.x = 89 and described.y = 0 then 0 else degrees(atan2(abs(described.y), 89 - described.x)) end as angle,
            coalesce(described.is_rebound, false) and not described.is_penalty_shot and described.remaining_s is not null as is_rebound,
            coalesce(described.is_rush, false) and not described.is_penalty_shot and described.remaining_s is not null as is_rush
        from described
        left join on_ice as own on own.stint_no = described.stint_no and own.side = described.side
        left join on_ice as other on other.stint_no = described.stint_no and other.side = described.other_side
        left join listed on listed.side = described.other_side and listed.player_key = described.goalie_in_net
    ) as lines

)

select
    shots.*,
    shots.xg >= {{ high_danger() }} as is_high_danger
from shots
