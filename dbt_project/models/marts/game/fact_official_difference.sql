{{ config(materialized='secure_view') }}

-- A view, so that the figures are compared once.
select
    agreement.tenant_id,
    agreement.game_key,
    agreement.scope,
    cells.side,
    cells.player_key,
    cells.period,
    agreement.name,
    agreement.played_on,
    agreement.season_key,
    agreement.game_type,
    cells.official_value,
    cells.counted_value
from {{ ref('fact_official_agreement') }} as agreement
cross join lateral jsonb_to_recordset(agreement.differences) as cells (
    side text, player_key text, period integer, official_value text, counted_value text
)
