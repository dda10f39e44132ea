-- The partitions with what is to become of them, for status: a row each.
select
    p.relation,
    p.day,
    p.until,
    p.child,
    p.bytes,
    p.estimated_rows,
    case
        when p.state in ('detaching', 'detached') then 'half-way'
        when e.step = 'keep' then 'kept'
        when e.step is not null then 'due'
        when p.is_filled then 'filled'
        else 'empty'
    end as state,
    e.step,
    e.reason
from core.partition as p
left join core.plan_expiry() as e on e.relation = p.relation and e.child = p.child
where p.day is not null and p.until is not null
order by p.relation, p.day
