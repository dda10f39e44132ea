-- The partitioned tables, for status: a row each.
select
    s.relation,
    to_regclass(s.relation) is not null as is_there,
    s.days_ahead,
    s.days_kept,
    s.guard,
    s.hold,
    s.made_by,
    s.ran_at,
    coalesce(sum(p.estimated_rows), 0)::bigint as estimated_rows,
    coalesce(sum(p.bytes), 0)::bigint as bytes,
    min(p.day) as oldest,
    max(p.until) - 1 as newest
from core.partition_set as s
left join core.partition as p on p.relation = s.relation
group by s.relation
order by s.relation
