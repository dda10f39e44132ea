-- Shots and goals with the stint in which they happened. A stint includes the second in which it ends, because the
-- tracker closes it at the whistle. The second in which it begins belongs to it only when no other stint ends then,
-- as at the start of a period.
with

games as (

    {{ changed_games() }}

),

attempts as (

    select
        games.tenant_id,
        games.game_key,
        lines.event_no,
        lines.period,
        lines.remaining_s,
        lines.side,
        lines.player_key,
        lines.is_goal,
        lines.corsi,
        lines.stint_no,
        lines.is_penalty_shot,
        lines.beaten_goalie_key,
        -- what the source records about the goal, or else what its stint shows
        case when lines.is_goal then {{ recorded('strength', "coalesce(lines.strength = 'power_play', lines.for_players > lines.against_players)") }}
        end as is_power_play,
        case when lines.is_goal then {{ recorded('strength', "coalesce(lines.strength = 'short_handed', lines.for_players < lines.against_players)") }}
        end as is_short_handed,
        case when lines.is_goal then
            coalesce(lines.is_empty_net, {{ recorded('goalies', 'case when lines.stint_no is not null then lines.against_goalie_key is null end') }})
        end as is_empty_net
    from games
    cross join lateral (
        with

        -- materialized: read once a game instead of once a shot
        stints as materialized (
            select *
            from {{ ref('fact_stint') }} as of_game
            where of_game.tenant_id = games.tenant_id and of_game.game_key = games.game_key
        ),

        -- goalies whom the source names at the goal against them
        beaten as (
            select
                goalies.event_no,
                max(goalies.player_key) as player_key
            from {{ ref('stg_contest__play_participant') }} as goalies
            where {{ of_game('goalies') }} and goalies.detail1 = 'GoalAgainst'
            group by goalies.event_no
        )

        select
            events.event_no,
            events.period,
            events.remaining_s,
            events.credited_side as side,
            events.player_key,
            events.is_goal,
            events.is_goal and coalesce(events.detail2 = 'Goal_PenaltyShot', false) as is_penalty_shot,
            events.strength,
            events.is_empty_net,
            beaten.player_key as beaten_goalie_key,
            (events.is_on_goal::integer + events.is_blocked::integer + events.is_missed::integer)::smallint as corsi,
            placed.stint_no,
            case events.credited_side when 'home' then placed.home_players else placed.away_players end as for_players,
            case events.credited_side when 'home' then placed.away_players else placed.home_players end as against_players,
            case events.credited_side when 'home' then placed.away_goalie_key else placed.home_goalie_key end as against_goalie_key
        from {{ ref('fact_event') }} as events
        left join beaten on beaten.event_no = events.event_no
        left join lateral (
            select stints.*
            from stints
            where
                stints.period = events.period
                and ((stints.start_s > events.remaining_s and events.remaining_s >= stints.end_s) or stints.start_s = events.remaining_s)
            order by stints.start_s > events.remaining_s desc, stints.stint_no
            limit 1
        ) as placed on true
        where {{ of_game('events') }} and (events.is_goal or events.is_shot)
    ) as lines

)

select
    tenant_id,
    game_key,
    event_no,
    period,
    remaining_s,
    side,
    player_key,
    is_goal,
    corsi,
    stint_no,
    is_power_play,
    is_short_handed,
    is_empty_net,
    is_penalty_shot,
    beaten_goalie_key
from attempts
