-- The change list: a game with a newer load_id is computed anew. Sides are those of the export, whose
-- events they are, and not those of the schedule. Of a game whose day has expired nothing is computed anew.
with

fixtures as (

    select * from {{ ref('stg_contest__fixture') }}

)

select
    tenant_id,
    game_key,
    season_key,
    game_type,
    played_on,
    status,
    has_events,
    coalesce(tracked_home_team_key, home_team_key) as home_team_key,
    coalesce(tracked_away_team_key, away_team_key) as away_team_key,
    case when is_swapped then official_away else official_home end as official_home,
    case when is_swapped then official_home else official_away end as official_away,
    case when is_swapped then official_by_period -> 'away' else official_by_period -> 'home' end as official_home_by_period,
    case when is_swapped then official_by_period -> 'home' else official_by_period -> 'away' end as official_away_by_period,
    is_swapped,
    period_seconds,
    penalty_minutes,
    load_id,
    has_events and not contest.has_rows(tenant_id, played_on, game_key) as is_expired
from fixtures
-- a fixture of a competition is a game from the first load on that knows it
where load_id > 0
