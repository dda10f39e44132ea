{{ config(materialized='secure_view') }}

select
    tenant_id,
    item_id,
    began_at,
    max(ended_at) as ended_at,
    max(ended_at) - began_at as lasted,
    sum(refused)::integer as lost_orders,
    sum(refused_quantity)::bigint as lost_quantity
from {{ ref('fact_stockout_day') }}
group by tenant_id, item_id, began_at
