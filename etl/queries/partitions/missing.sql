-- Days that should be there by now and are not, of the tables whose days are made by $1.
select s.relation, core.utc_day(core.clock()) + d.ahead as day
from core.partition_set as s
cross join lateral generate_series(-1, s.days_ahead) as d (ahead)
where
    s.made_by = $1
    and to_regclass(s.relation) is not null
    and not exists (
        select 1
        from core.partition as p
        where
            p.relation = s.relation
            and p.state <> 'detached'
            and coalesce(p.day, '-infinity') <= core.utc_day(core.clock()) + d.ahead
            and coalesce(p.until, 'infinity') > core.utc_day(core.clock()) + d.ahead
            and p.state <> 'default'
    )
order by s.relation, d.ahead
