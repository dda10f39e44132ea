{{ config(indexes=[
    {'columns': ['tenant_id', 'first_person_key', 'second_person_key']},
]) }}

with

games as (

    {{ changed_games() }}

),

pairs as (

    select
        games.tenant_id,
        games.game_key,
        lines.side,
        lines.first_key,
        lines.second_key,
        lines.first_person_key,
        lines.second_person_key,
        {{ team_of('lines.side') }} as team_key,
        games.played_on,
        games.season_key,
        games.game_type,
        quality.is_counted,
        lines.seconds,
        lines.goals_for,
        lines.goals_against,
        {{ recorded('missed_shots', 'lines.corsi_for') }} as corsi_for,
        {{ recorded('missed_shots', 'lines.corsi_against') }} as corsi_against,
        lines.first_corsi_for - lines.corsi_for as first_corsi_for_without,
        lines.first_corsi_against - lines.corsi_against as first_corsi_against_without,
        lines.second_corsi_for - lines.corsi_for as second_corsi_for_without,
        lines.second_corsi_against - lines.corsi_against as second_corsi_against_without
    from games
    {{ with_quality() }}
    cross join lateral (
        with

        -- one array per side of a stint; a self-join of player rows would compare every player with every other
        on_ice as (
            select
                stints.stint_no,
                stints.side,
                max(stints.seconds) as seconds,
                array_agg(stints.player_key order by stints.player_key) as player_keys
            from {{ ref('fact_player_stint') }} as stints
            where {{ of_game('stints') }} and not stints.is_goalie
            group by stints.stint_no, stints.side
        ),

        happened as (
            select
                attempts.stint_no,
                sides.side,
                count(*) filter (where attempts.is_goal and attempts.side = sides.side) as goals_for,
                count(*) filter (where attempts.is_goal and attempts.side <> sides.side) as goals_against,
                coalesce(sum(attempts.corsi) filter (where attempts.side = sides.side), 0) as corsi_for,
                coalesce(sum(attempts.corsi) filter (where attempts.side <> sides.side), 0) as corsi_against
            from {{ ref('fact_shot_attempt') }} as attempts
            cross join (values ('home'), ('away')) as sides (side)
            where attempts.tenant_id = games.tenant_id and attempts.game_key = games.game_key
            group by attempts.stint_no, sides.side
        ),

        together as (
            select
                on_ice.side,
                one.player_key as first_key,
                two.player_key as second_key,
                sum(on_ice.seconds)::integer as seconds,
                coalesce(sum(happened.goals_for), 0)::integer as goals_for,
                coalesce(sum(happened.goals_against), 0)::integer as goals_against,
                coalesce(sum(happened.corsi_for), 0)::integer as corsi_for,
                coalesce(sum(happened.corsi_against), 0)::integer as corsi_against
            from on_ice
            left join happened on happened.stint_no = on_ice.stint_no and happened.side = on_ice.side
            cross join lateral unnest(on_ice.player_keys) with ordinality as one (player_key, nth)
            cross join lateral unnest(on_ice.player_keys[one.nth + 1:]) as two (player_key)
            group by on_ice.side, one.player_key, two.player_key
        ),

        players as (
            select
                player.side,
                player.player_key,
                player.person_key,
                player.corsi_for,
                player.corsi_against
            from {{ ref('fact_player_game') }} as player
            where player.tenant_id = games.tenant_id and player.game_key = games.game_key
        )

        select
            together.*,
            one.person_key as first_person_key,
            one.corsi_for as first_corsi_for,
            one.corsi_against as first_corsi_against,
            two.person_key as second_person_key,
            two.corsi_for as second_corsi_for,
            two.corsi_against as second_corsi_against
        from together
        join players as one on one.side = together.side and one.player_key = together.first_key
        join players as two on two.side = together.side and two.player_key = together.second_key
    ) as lines

)

select
    pairs.*,
    {{ share('corsi_for', 'corsi_for + corsi_against') }} as corsi_share,
    {{ share('first_corsi_for_without', 'first_corsi_for_without + first_corsi_against_without') }} as first_corsi_share_without,
    {{ share('second_corsi_for_without', 'second_corsi_for_without + second_corsi_against_without') }} as second_corsi_share_without
from pairs
