with

games as (

    {{ changed_games() }}

),

stints as (

    select
        games.tenant_id,
        games.game_key,
        lines.stint_no,
        games.played_on,
        games.season_key,
        lines.period,
        lines.start_s,
        lines.end_s,
        lines.seconds,
        greatest(0, lines.seconds - greatest(0, coalesce(lines.stoppage_s, 0)))::numeric(9, 3) as net_seconds,
        -- a source that does not record the players on the ice may still record the goalies in net
        {{ recorded('on_ice', 'lines.home_players') }} as home_players,
        {{ recorded('on_ice', 'lines.away_players') }} as away_players,
        lines.home_goalie_key,
        lines.away_goalie_key,
        {{ recorded('on_ice', 'lines.home_skaters') }} as home_skaters,
        {{ recorded('on_ice', 'lines.away_skaters') }} as away_skaters,
        {{ recorded('on_ice', "lines.home_skaters || 'v' || lines.away_skaters") }} as strength,
        lines.home_score,
        lines.away_score
    from games
    cross join lateral (
        with

        on_ice as (
            select
                players.stint_no,
                count(distinct players.player_key) filter (where players.side = 'home')::integer as home_players,
                count(distinct players.player_key) filter (where players.side = 'away')::integer as away_players,
                max(players.player_key) filter (where players.side = 'home' and players.slot = 'G') as home_goalie_key,
                max(players.player_key) filter (where players.side = 'away' and players.slot = 'G') as away_goalie_key
            from {{ ref('stg_contest__stint_player') }} as players
            where {{ of_game('players') }}
            group by players.stint_no
        ),

        -- materialized: read once a game instead of once a stint
        goals as materialized (
            select
                events.period,
                events.remaining_s,
                events.credited_side
            from {{ ref('fact_event') }} as events
            where {{ of_game('events') }} and events.is_goal
        )

        select
            stints.stint_no,
            stints.period,
            stints.start_s,
            stints.end_s,
            stints.stoppage_s,
            -- round() of double precision rounds halves to the even second, as the source does
            round((stints.start_s - stints.end_s)::double precision)::integer as seconds,
            on_ice.home_players,
            on_ice.away_players,
            on_ice.home_goalie_key,
            on_ice.away_goalie_key,
            on_ice.home_players - (on_ice.home_goalie_key is not null)::integer as home_skaters,
            on_ice.away_players - (on_ice.away_goalie_key is not null)::integer as away_skaters,
            score.home_score,
            score.away_score
        from {{ ref('stg_contest__stint') }} as stints
        join on_ice on on_ice.stint_no = stints.stint_no
        -- score when the stint began; a goal in that second ended the stint before it
        cross join lateral (
            select
                (count(*) filter (where goals.credited_side = 'home'))::smallint as home_score,
                (count(*) filter (where goals.credited_side = 'away'))::smallint as away_score
            from goals
            where goals.period < stints.period or (goals.period = stints.period and goals.remaining_s >= stints.start_s)
        ) as score
        where {{ of_game('stints') }}
    ) as lines

)

select * from stints
