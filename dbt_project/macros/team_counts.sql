{#- Query that counts the events of one side of a game. -#}
{% macro team_counts(side, game='games') -%}
    select
        counted.*,
        coalesce(attempts.power_play_goals, 0) as power_play_goals,
        coalesce(attempts.short_handed_goals, 0) as short_handed_goals,
        coalesce(attempts.empty_net_goals, 0) as empty_net_goals,
        assisted.assists,
        expected.xg,
        expected.high_danger_shots
    from (
        select
            (count(*) filter (where events.is_goal))::integer as goals,
            (count(*) filter (
                where events.is_goal
                and events.period <= (
                    select count(*) from jsonb_object_keys({{ game }}.period_seconds) as k (name) where k.name ~ '^[0-9]+$'
                )
            ))::integer as regular_goals,
            coalesce((
                select jsonb_object_agg(by_period.period, by_period.goals)
                from (
                    select goals.period, count(*) as goals
                    from {{ ref('fact_event') }} as goals
                    where {{ of_game('goals', game) }} and goals.is_goal and goals.credited_side = {{ side }}
                    group by goals.period
                ) as by_period
            ), '{}') as goals_by_period,
            (count(*) filter (where events.is_shot))::integer as shots,
            (count(*) filter (where events.is_on_goal))::integer as shots_on_goal,
            (count(*) filter (where events.is_blocked))::integer as shots_blocked,
            (count(*) filter (where events.is_missed))::integer as shots_missed,
            (count(*) filter (where events.type = 'Shot' and events.detail1 = 'Shot_Deflected'))::integer as shots_deflected,
            (count(*) filter (where events.type = 'Faceoff'))::integer as faceoffs_won,
            (count(*) filter (where events.type = 'Save'))::integer as saves,
            (count(*) filter (where events.type = 'Hit'))::integer as hits,
            (count(*) filter (where events.type = 'Penalty'))::integer as penalties,
            (count(*) filter (where events.type = 'Penalty' and coalesce(events.gives_power_play, true)))::integer as power_plays_given,
            coalesce(sum({{ penalty_minutes('events', game) }}) filter (where events.type = 'Penalty'), 0)::integer as penalty_minutes,
            (count(*) filter (where events.type = 'Turnover' and events.detail1 like '%Giveaway%'))::integer as giveaways,
            (count(*) filter (
                where events.type = 'Turnover' and events.detail1 like '%Takeaway%' and events.detail1 not like '%Giveaway%'
            ))::integer as takeaways,
            (count(*) filter (where events.type = 'Pass'))::integer as passes,
            (count(*) filter (where events.type = 'Pass' and events.detail1 like '%Completed%'))::integer as passes_completed
        from {{ ref('fact_event') }} as events
        where {{ of_game('events', game) }} and events.credited_side = {{ side }}
    ) as counted
    cross join lateral (
        select
            (count(*) filter (where attempts.is_power_play))::integer as power_play_goals,
            (count(*) filter (where attempts.is_short_handed))::integer as short_handed_goals,
            (count(*) filter (where attempts.is_empty_net))::integer as empty_net_goals
        from {{ ref('fact_shot_attempt') }} as attempts
        where attempts.tenant_id = {{ game }}.tenant_id and attempts.game_key = {{ game }}.game_key and attempts.is_goal and attempts.side = {{ side }}
    ) as attempts
    cross join lateral (
        select count(*)::integer as assists
        from {{ ref('fact_assist') }} as assists
        where assists.tenant_id = {{ game }}.tenant_id and assists.game_key = {{ game }}.game_key and assists.side = {{ side }}
    ) as assisted
    cross join lateral (
        select {{ xg_sums('shots') }}
        from {{ ref('fact_shot') }} as shots
        where shots.tenant_id = {{ game }}.tenant_id and shots.game_key = {{ game }}.game_key and shots.side = {{ side }}
    ) as expected
{%- endmacro %}
