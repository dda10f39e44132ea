-- No day was held by somebody when it was last tried.
--
-- The last word about a day counts: once it went, or may stay, what was before is forgotten.
with latest as (
    select distinct on (l.relation, l.day) l.relation, l.day, l.outcome, l.reason, l.happened_at
    from core.partition_log as l
    where l.day is not null
    order by l.relation asc, l.day asc, l.log_id desc
),

still as (
    select p.relation, p.day
    from core.partition as p
    join core.partition_set as s on s.relation = p.relation
    where p.state <> 'attached' or p.until <= core.utc_day(core.clock()) - s.days_kept
)

select
    format(
        'Days of %s that could not go: %s from %s on, last tried at %s UTC: %s',
        l.relation, count(*), min(l.day), to_char(max(l.happened_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), l.reason
    ) as problem,
    case l.outcome
        when 'contended' then 'Ask them to end, then run: stanchion partitions run'
        else 'Put it right, then run: stanchion partitions run'
    end as remedy
from latest as l
join still as s on s.relation = l.relation and s.day = l.day
where l.outcome in ('contended', 'failed')
group by l.relation, l.outcome, l.reason
