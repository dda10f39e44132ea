select
    tenant_id,
    valid_from,
    valid_to,
    points_win::numeric(9, 4) as points_win,
    points_tie::numeric(9, 4) as points_tie,
    points_loss::numeric(9, 4) as points_loss,
    points_overtime_loss::numeric(9, 4) as points_overtime_loss
from {{ source('contest', 'league_rules') }}
