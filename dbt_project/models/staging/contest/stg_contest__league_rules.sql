select
    tenant_id,
    valid_from,
    valid_to,
    points_win::numeric(9, 4) as points_win,
    points_regular_win::numeric(9, 4) as points_regular_win,
    points_tie::numeric(9, 4) as points_tie,
    points_loss::numeric(9, 4) as points_loss,
    points_overtime_loss::numeric(9, 4) as points_overtime_loss,
    trusted_columns
from {{ source('contest', 'league_rules') }}
