{{ config(indexes=[
    {'columns': ['tenant_id', 'played_on']},
    {'columns': ['tenant_id', 'season_key', 'played_on']},
]) }}

-- Past and future games; home and away are those of the schedule.
with

games as (

    {{ changed_games() }}

)

select
    games.tenant_id,
    games.game_key,
    games.season_key,
    games.game_type,
    games.played_on,
    games.status,
    case when games.is_swapped then games.away_team_key else games.home_team_key end as home_team_key,
    case when games.is_swapped then games.home_team_key else games.away_team_key end as away_team_key,
    case when games.is_swapped then result.away_score else result.home_score end as home_score,
    case when games.is_swapped then result.home_score else result.away_score end as away_score,
    result.is_trusted,
    result.is_counted
from games
cross join lateral (
    select
        case when games.has_events or quality.official_home is not null
            then coalesce(quality.official_home, quality.tracked_home)
        end as home_score,
        case when games.has_events or quality.official_away is not null
            then coalesce(quality.official_away, quality.tracked_away)
        end as away_score,
        quality.is_trusted,
        quality.is_counted
    from {{ ref('fact_game_quality') }} as quality
    where quality.tenant_id = games.tenant_id and quality.game_key = games.game_key
    offset 0
) as result
