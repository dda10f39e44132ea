{{ config(
    materialized='write_differences',
    unique_key=['tenant_id', 'valid_from'],
    always=true
) }}

-- Computed at every build, because league rules change without a load.
select
    rules.tenant_id,
    rules.valid_from,
    rules.valid_to,
    rules.points_win,
    rules.points_regular_win,
    rules.points_tie,
    rules.points_loss,
    rules.points_overtime_loss
from {{ ref('stg_contest__league_rules') }} as rules
