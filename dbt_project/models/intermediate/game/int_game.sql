-- The list of changed games: the marts compute a game again when its load_id is newer. Home and away are those of the
-- export, because the events refer to them; the schedule may have them swapped. A game whose partitions have expired
-- keeps its rows in the marts and is not computed again.
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
    lacks,
    load_id,
    has_events and not {{ has_rows() }} as is_expired
from fixtures
-- A fixture of a competition has no load_id until a load contains its game.
where load_id > 0
