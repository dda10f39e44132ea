{{ config(
    partition_by='played_on'
) }}

with

games as (

    {{ changed_games() }}

),

player_stints as (

    select
        games.tenant_id,
        games.game_key,
        lines.stint_no,
        lines.side,
        lines.player_key,
        {{ person_of('lines.person_key', 'lines.side', 'lines.player_key') }} as person_key,
        {{ team_of('lines.side') }} as team_key,
        games.played_on,
        games.season_key,
        lines.period,
        lines.is_goalie,
        lines.seconds,
        lines.net_seconds,
        lines.is_new_shift
    from games
    cross join lateral (
        with

        -- one row for a player who is listed in two slots
        players as (
            select
                slots.stint_no,
                slots.side,
                slots.player_key,
                max(slots.person_key) as person_key,
                bool_or(slots.slot = 'G') as is_goalie
            from {{ ref('stg_contest__stint_player') }} as slots
            where {{ of_game('slots') }}
            group by slots.stint_no, slots.side, slots.player_key
        )

        select
            players.stint_no,
            players.side,
            players.player_key,
            players.person_key,
            players.is_goalie,
            stints.period,
            stints.seconds,
            stints.net_seconds,
            -- a shift is a run of consecutive stints within a period
            coalesce(
                lag(players.stint_no) over shifts <> players.stint_no - 1 or lag(stints.period) over shifts <> stints.period, true
            ) as is_new_shift
        from players
        join {{ ref('fact_stint') }} as stints
            on stints.tenant_id = games.tenant_id and stints.game_key = games.game_key and stints.stint_no = players.stint_no
        window shifts as (partition by players.side, players.player_key order by players.stint_no)
    ) as lines

)

select * from player_stints
