{#- Official figures of the changed games with the value that the marts have for each. Needs `games`, the changed games.
    The column of the mart has the name of the figure, so a new column of a mart is compared without a change here. A
    figure for which the mart has null because the source does not record what it counts is left out. -#}
{% macro official_cells() -%}
    select
        games.tenant_id,
        games.game_key,
        games.played_on,
        games.season_key,
        games.game_type,
        cells.scope,
        cells.side,
        cells.player_key,
        cells.period,
        cells.name,
        cells.official_value,
        cells.counted_value
    from games
    cross join lateral (
        with

        counted as (
            select
                'player' as scope,
                players.side,
                players.player_key,
                to_jsonb(players) as figures
            from {{ ref('fact_player_game') }} as players
            where players.tenant_id = games.tenant_id and players.game_key = games.game_key
            union all
            select
                'goalie' as scope,
                goalies.side,
                goalies.player_key,
                to_jsonb(goalies) as figures
            from {{ ref('fact_goalie_game') }} as goalies
            where goalies.tenant_id = games.tenant_id and goalies.game_key = games.game_key
            union all
            select
                parts.scope,
                teams.side,
                '' as player_key,
                case parts.scope when 'team' then to_jsonb(teams) else teams.goals_by_period end as figures
            from {{ ref('fact_team_game') }} as teams
            cross join (values ('team'), ('period')) as parts (scope)
            where teams.tenant_id = games.tenant_id and teams.game_key = games.game_key
        )

        select
            official.scope,
            official.side,
            official.player_key,
            official.period,
            official.name,
            official.value as official_value,
            case official.scope
                when 'period' then coalesce(counted.figures ->> official.period::text, '0')
                else counted.figures ->> official.name
            end as counted_value
        from {{ ref('stg_contest__official_figure') }} as official
        left join counted
            on counted.scope = official.scope and counted.side = official.side and counted.player_key = official.player_key
        where official.tenant_id = games.tenant_id and official.game_key = games.game_key
        offset 0
    ) as cells
    where cells.counted_value is not null or not games.lacks && {{ explains_null('cells.name') }}
{%- endmacro %}

{#- What a source may lack so that a column of the marts is null: one of these is enough. -#}
{% macro explains_null(name) -%}
    {%- set lacks = {
        'assists': ['assists', 'first_assists', 'second_assists', 'points'],
        'blocks': ['blocks'],
        'faceoffs': ['faceoffs_won', 'faceoffs_lost'],
        'giveaways': ['giveaways'],
        'goalie_time': ['seconds'],
        'goalies': ['decision', 'goals_against', 'seconds', 'shots_against'],
        'hits': ['hits'],
        'ice_time': ['seconds', 'shifts'],
        'missed_shots': ['shots', 'shots_missed'],
        'penalty_minutes': ['penalty_minutes'],
        'plus_minus': ['plus_minus', 'plus', 'minus'],
        'saves': ['saves', 'shots_against'],
        'strength': ['power_play_goals', 'short_handed_goals', 'empty_net_goals'],
        'takeaways': ['takeaways'],
    } -%}
    case {{ name }}
        {%- for column in lacks.values() | sum(start=[]) | unique %}
        when '{{ column }}' then array[
            {%- for what in lacks if column in lacks[what] %}'{{ what }}'{{ ', ' if not loop.last }}{% endfor -%}
        ]
        {%- endfor %}
        else '{}'::text[]
    end
{%- endmacro %}

{#- Post-hook that withdraws the trust in changed games whose official figures differ in a column that the league has in
    its setting trusted_columns. The marts that it updates are computed before the figures can be compared with them,
    so they cannot contain the result of the comparison when they are written. A game that a person accepted counts. -#}
{% macro distrust_differing_games() -%}
    with

    differing as (
        select
            cells.tenant_id,
            cells.game_key,
            'Official figures differ: ' || string_agg(cells.name || ' (' || cells.cells || ')', ', ' order by cells.name) || '.' as reason
        from (
            select
                games.tenant_id,
                games.game_key,
                differences.name,
                count(*) as cells
            from ({{ changed_games('tenant_id, game_key, played_on') }}) as games
            join {{ ref('stg_contest__league_rules') }} as rules
                on rules.tenant_id = games.tenant_id and games.played_on >= rules.valid_from and games.played_on < rules.valid_to
            join {{ this }} as differences
                on differences.tenant_id = games.tenant_id and differences.game_key = games.game_key
                and rules.trusted_columns ? differences.name
            where rules.trusted_columns <> '[]'
            group by games.tenant_id, games.game_key, differences.name
        ) as cells
        group by cells.tenant_id, cells.game_key
    ),

    distrusted as (
        update {{ ref('fact_game_quality') }} as quality
        set is_trusted = false, is_counted = false, reason = differing.reason
        from differing
        where
            quality.tenant_id = differing.tenant_id and quality.game_key = differing.game_key
            and quality.is_trusted and quality.accepted_reason is null
        returning quality.tenant_id, quality.game_key
    )
    {%- for mart in ('fact_player_game', 'fact_goalie_game', 'fact_team_game', 'fact_pair_game') %},

    {{ mart }} as (
        update {{ ref(mart) }} as facts
        set is_counted = false
        from distrusted
        where facts.tenant_id = distrusted.tenant_id and facts.game_key = distrusted.game_key and facts.is_counted
    )
    {%- endfor %}

    select count(*) from distrusted
{%- endmacro %}
