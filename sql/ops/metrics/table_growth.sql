-- Size and growth of each table, compared with the row of ops.table_size from a week ago, or the oldest one.
create or replace view ops.table_growth with (security_invoker = true) as
with latest as (
    select distinct on (s.relation) s.relation, s.measured_on, s.bytes, s.estimated_rows
    from ops.table_size as s
    order by s.relation asc, s.measured_on desc
)

select
    l.relation,
    l.measured_on,
    l.bytes,
    l.estimated_rows,
    earlier.measured_on as since,
    l.bytes - earlier.bytes as grown_bytes,
    round(100.0 * (l.bytes - earlier.bytes) / nullif(earlier.bytes, 0), 1) as grown_percent,
    ((l.bytes - earlier.bytes) / nullif(l.measured_on - earlier.measured_on, 0))::bigint as bytes_per_day
from latest as l
left join lateral (
    select s.measured_on, s.bytes
    from ops.table_size as s
    where s.relation = l.relation and s.measured_on >= l.measured_on - 7 and s.measured_on < l.measured_on
    order by s.measured_on
    limit 1
) as earlier on true
order by l.bytes desc;

comment on view ops.table_growth is
'One row per measured table, the biggest first; grown is since a week before, or null without an earlier measurement.';

-- revert: drop view ops.table_growth;
