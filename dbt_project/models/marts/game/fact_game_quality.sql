{{ config(indexes=[
    {'columns': ['tenant_id', 'game_key'], 'unique': true},
    {'columns': ['tenant_id', 'season_key', 'game_type']},
]) }}

-- Whether a game counts: it is over, what was tracked is what the league says, or somebody accepted it with a
-- reason, and every goal has a scorer, so that players' goals add up to the score.
with

games as (

    {{ changed_games() }}

),

judged as (

    select
        games.*,
        tracked.home as tracked_home,
        tracked.away as tracked_away,
        tracked.home_by_period as tracked_home_by_period,
        tracked.away_by_period as tracked_away_by_period,
        tracked.goals_without_scorer,
        assists.without_goal as assists_without_goal,
        quality.coverage,
        quality.flags,
        quality.accepted_reason,
        tracked.home = games.official_home and tracked.away = games.official_away as agrees,
        by_period.agrees as agrees_by_period
    from games
    left join lateral (
        select believed.*
        from {{ ref('stg_contest__game_quality') }} as believed
        where believed.tenant_id = games.tenant_id and believed.game_key = games.game_key
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
                chances.side,
                chances.period,
                count(*) as goals,
                count(*) filter (where chances.player_key is null) as without_scorer
            from {{ ref('int_chance') }} as chances
            where chances.tenant_id = games.tenant_id and chances.game_key = games.game_key and chances.is_goal
            group by chances.side, chances.period
        ) as goals
    ) as tracked
    -- marks that reach a goal stand beside it
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
                from {{ ref('int_assist') }} as reached
                where reached.tenant_id = games.tenant_id and reached.game_key = games.game_key
            )
        )::integer as without_goal
    ) as assists
    -- null where the league's periods do not add up to its own score: it did not keep them
    cross join lateral (
        select
            case when sum(official.goals) = games.official_home + games.official_away
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
        judged.*,
        case
            when status <> 'final' then 'The game is ' || status || '.'
            when not has_events then 'Nothing of it was tracked.'
            when accepted_reason is not null then null
            when official_home is null then 'There is no official score to compare with.'
            when not agrees then format(
                'Tracked %s-%s, official %s-%s.', tracked_home, tracked_away, official_home, official_away
            )
            when not agrees_by_period then 'The score is right and its periods are not.'
            when goals_without_scorer > 0 then format('%s of its goals have no scorer.', goals_without_scorer)
        end as distrust
    from judged

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
    coverage,
    coalesce(flags, '{}') as flags,
    accepted_reason,
    distrust is null as is_trusted,
    distrust is null and season_key is not null and game_type is not null as is_counted,
    coalesce(
        distrust,
        case when season_key is null then 'No schedule says its season.' when game_type is null then 'No schedule says its type.' end
    ) as reason
from explained
