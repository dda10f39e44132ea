select
    tenant_id,
    valid_from,
    valid_to,
    points_win,
    points_tie,
    points_loss,
    points_overtime_loss
from {{ source('contest', 'rules') }}
