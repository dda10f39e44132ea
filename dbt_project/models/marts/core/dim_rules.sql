{{ config(
    incremental_strategy='sync',
    unique_key=['tenant_id', 'valid_from'],
    always=true,
    indexes=[{'columns': ['tenant_id', 'valid_from'], 'unique': true}]
) }}

-- Always computed whole: a league sets its rules without loading anything.
select
    rules.tenant_id,
    rules.valid_from,
    rules.valid_to,
    rules.points_win,
    rules.points_tie,
    rules.points_loss,
    rules.points_overtime_loss
from {{ ref('stg_contest__rules') }} as rules
