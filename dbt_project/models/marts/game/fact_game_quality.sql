{{ config(
    indexes=[
        {'columns': ['tenant_id', 'season_key', 'game_type']},
    ],
    post_hook="{{ stop_counting_games() }}"
) }}

-- A game counts when it is final, was tracked, and its tracked score equals the official score in total and by period
-- with a scorer for every goal, so that the goals of players add up to the score. A league may require that further
-- columns equal the official figures. A game that a person accepted with a reason counts without the comparison. Season
-- and game type must be known.
with

games as (

    {{ changed_games() }}

),

compared as (

    select
        games.*,
        tracked.home + coalesce(shootout.side = 'home', false)::integer as tracked_home,
        tracked.away + coalesce(shootout.side = 'away', false)::integer as tracked_away,
        shootout.side as shootout_side,
        tracked.home_by_period as tracked_home_by_period,
        tracked.away_by_period as tracked_away_by_period,
        tracked.goals_without_scorer,
        {{ recorded('assists', 'assists.without_goal') }} as assists_without_goal,
        quality.coverage,
        quality.flags,
        quality.accepted_reason,
        tracked.home + coalesce(shootout.side = 'home', false)::integer = games.official_home
        and tracked.away + coalesce(shootout.side = 'away', false)::integer = games.official_away as agrees,
        by_period.agrees as agrees_by_period
    from games
    left join lateral (
        select of_game.*
        from {{ ref('stg_contest__game_quality') }} as of_game
        where of_game.tenant_id = games.tenant_id and of_game.game_key = games.game_key
        offset 0
    ) as quality on true
    cross join lateral (
        select
            coalesce(sum(goals.goals) filter (where goals.side = 'home'), 0)::integer as home,
            coalesce(sum(goals.goals) filter (where goals.side = 'away'), 0)::integer as away,
            coalesce(jsonb_object_agg(goals.period, goals.goals) filter (where goals.side = 'home'), '{}') as home_by_period,
            coalesce(jsonb_object_agg(goals.period, goals.goals) filter (where goals.side = 'away'), '{}') as away_by_period,
            coalesce(sum(goals.without_scorer), 0)::integer as goals_without_scorer
        from (
            select
                attempts.side,
                attempts.period,
                count(*) as goals,
                count(*) filter (where attempts.player_key is null) as without_scorer
            from {{ ref('fact_shot_attempt') }} as attempts
            where attempts.tenant_id = games.tenant_id and attempts.game_key = games.game_key and attempts.is_goal
            group by attempts.side, attempts.period
        ) as goals
    ) as tracked
    -- The side that won a shootout. Its goal is in the score, in no period and in the goals of no player. Where the source
    -- does not record shootouts, it is the side that is one goal ahead in the official score of a game that was level.
    cross join lateral (
        select
            case
                when attempts.home > attempts.away then 'home'
                when attempts.away > attempts.home then 'away'
                when games.lacks && array['shootouts'] and tracked.home = tracked.away then
                    case
                        when (games.official_home, games.official_away) = (tracked.home + 1, tracked.away) then 'home'
                        when (games.official_home, games.official_away) = (tracked.home, tracked.away + 1) then 'away'
                    end
            end as side
        from (
            select
                count(*) filter (where events.credited_side = 'home') as home,
                count(*) filter (where events.credited_side = 'away') as away
            from {{ ref('fact_event') }} as events
            where {{ of_game('events') }} and events.type = 'Shootout' and events.detail1 = 'Shootout_Goal'
        ) as attempts
    ) as shootout
    -- assist marks without a goal: all marks less those that belong to a goal
    cross join lateral (
        select (
            (
                select count(*)
                from {{ ref('stg_contest__play_participant') }} as participants
                join {{ ref('fact_event') }} as events
                    on {{ of_game('events') }} and events.event_no = participants.event_no and events.side is not null
                where {{ of_game('participants') }} and {{ marks_assist('participants') }}
            ) - (
                select coalesce(sum(reached.marks), 0)
                from {{ ref('fact_assist') }} as reached
                where reached.tenant_id = games.tenant_id and reached.game_key = games.game_key
            )
        )::integer as without_goal
    ) as assists
    -- null when the official periods do not add up to the official score: the league did not record them
    cross join lateral (
        select
            case when sum(official.goals) = games.official_home + games.official_away - (shootout.side is not null)::integer
                then bool_and(official.goals = coalesce(official.tracked, 0))
            end as agrees
        from (
            select
                p.value::integer as goals,
                (tracked.home_by_period ->> {{ period_number('p.key') }})::integer as tracked
            from jsonb_each_text(games.official_home_by_period) as p
            union all
            select
                p.value::integer,
                (tracked.away_by_period ->> {{ period_number('p.key') }})::integer
            from jsonb_each_text(games.official_away_by_period) as p
        ) as official
    ) as by_period

),

explained as (

    select
        compared.*,
        case
            when status <> 'final' then 'The game is ' || status || '.'
            when not has_events then 'The game was not tracked.'
            when accepted_reason is not null then null
            when official_home is null then 'The game has no official score.'
            when not agrees then format(
                'Tracked %s-%s, official %s-%s.', tracked_home, tracked_away, official_home, official_away
            )
            when not agrees_by_period then 'The score agrees with the official one, but the goals by period do not.'
            when goals_without_scorer > 0 then format('Goals without a scorer: %s.', goals_without_scorer)
        end as distrust
    from compared

),

distrusted as (

    {{ distrusted_games() }}

),

judged as (

    select
        explained.*,
        coalesce(explained.distrust, distrusted.reason) as reason
    from explained
    left join distrusted on distrusted.tenant_id = explained.tenant_id and distrusted.game_key = explained.game_key

)

select
    tenant_id,
    game_key,
    played_on,
    season_key,
    game_type,
    status,
    home_team_key,
    away_team_key,
    tracked_home,
    tracked_away,
    official_home,
    official_away,
    tracked_home_by_period,
    tracked_away_by_period,
    official_home_by_period,
    official_away_by_period,
    agrees,
    agrees_by_period,
    is_swapped,
    goals_without_scorer,
    assists_without_goal,
    shootout_side,
    coverage,
    coalesce(flags, '{}') as flags,
    accepted_reason,
    reason is null as is_trusted,
    reason is null and season_key is not null and game_type is not null as is_counted,
    coalesce(
        reason,
        case when season_key is null then 'No schedule contains its season.' when game_type is null then 'No schedule contains its game type.' end
    ) as reason
from judged
