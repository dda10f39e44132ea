{#- Official figures of one game with the value that the marts have for each, as a lateral query of `games`. `players`,
    `goalies` and `teams` are queries or relations with the rows of the game. The column of the mart has the name of the
    figure, so a new column of a mart is compared without a change here. A figure for which the mart has null because the
    source does not record what it counts is left out. -#}
{% macro official_cells_of_game(players, goalies, teams) -%}
    select cells.*
    from (
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
        left join (
            select
                'player' as scope,
                players.side,
                players.player_key,
                to_jsonb(players) as figures
            from {{ players }} as players
            union all
            select
                'goalie' as scope,
                goalies.side,
                goalies.player_key,
                to_jsonb(goalies) as figures
            from {{ goalies }} as goalies
            union all
            select
                parts.scope,
                teams.side,
                '' as player_key,
                case parts.scope when 'team' then to_jsonb(teams) else teams.goals_by_period end as figures
            from {{ teams }} as teams
            cross join (values ('team'), ('period')) as parts (scope)
        ) as counted
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
        'penalties': ['penalties', 'power_plays', 'power_plays_against'],
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

{#- Query of the games that every comparison of the score trusts and whose official figures differ in a column that the
    league has in its setting trusted_columns, with the reason. Needs `explained`, the changed games. The figures are
    counted here as the marts count them, because the marts contain whether a game counts and are computed later. Only
    games of leagues with the setting are counted twice. -#}
{% macro distrusted_games() -%}
    select
        cells.tenant_id,
        cells.game_key,
        'Official figures differ: ' || string_agg(cells.name || ' (' || cells.cells || ')', ', ' order by cells.name) || '.' as reason
    from (
        select
            games.tenant_id,
            games.game_key,
            differing.name,
            count(*) as cells
        from explained as games
        join (
            select of_tenant.*
            from ({{ changed_tenants() }}) as changed
            cross join lateral (
                select *
                from {{ ref('stg_contest__league_rules') }} as league_rules
                where league_rules.tenant_id = changed.tenant_id
                offset 0
            ) as of_tenant
            where of_tenant.trusted_columns <> '[]'
        ) as rules
            on rules.tenant_id = games.tenant_id and games.played_on >= rules.valid_from and games.played_on < rules.valid_to
        cross join lateral (select games.shootout_side) as quality
        cross join lateral (
            with

            players as (

                {{ players_of_game() }}

            ),

            teams as (

                {{ teams_of_game() }}

            ),

            goalies as (

                {{ goalies_of_game('players', 'teams') }}

            ),

            compared as (

                {{ official_cells_of_game('players', 'goalies', 'teams') }}

            )

            select compared.name
            from compared
            where rules.trusted_columns ? compared.name and compared.official_value is distinct from compared.counted_value
        ) as differing
        where games.distrust is null and games.accepted_reason is null
        group by games.tenant_id, games.game_key, differing.name
    ) as cells
    group by cells.tenant_id, cells.game_key
{%- endmacro %}

{#- Post-hook of fact_game_quality: in every mart of games, the rows of a changed game that does not count are no longer
    counted from the transaction on in which its quality is written. The build replaces these rows later. -#}
{% macro stop_counting_games() -%}
    -- update by index, one game at a time
    select set_config('enable_nestloop', 'on', true), set_config('enable_hashjoin', 'off', true);
    with

    uncounted as materialized (
        select
            quality.tenant_id,
            quality.game_key
        from ({{ changed_games('tenant_id, game_key') }}) as games
        join {{ this }} as quality on quality.tenant_id = games.tenant_id and quality.game_key = games.game_key
        where not quality.is_counted
    )
    {%- for node in graph.get('nodes', {}).values() if node.resource_type == 'model' and is_table(node.config.materialized)
        and 'is_counted' in node.columns and node.name != this.identifier %}
        {%- set mart = load_cached_relation(api.Relation.create(this.database, node.schema, node.name)) %}
        {%- if mart %},

    {{ node.name }} as (
        update {{ mart }} as rows_of_game
        set is_counted = false
        from uncounted
        where rows_of_game.tenant_id = uncounted.tenant_id and rows_of_game.game_key = uncounted.game_key and rows_of_game.is_counted
    )
        {%- endif %}
    {%- endfor %}

    select count(*) from uncounted
{%- endmacro %}
