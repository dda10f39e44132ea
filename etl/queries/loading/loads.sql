-- The latest loads of a tenant.
select
    b.load_id as load,
    b.state,
    b.kind,
    to_char(b.started_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as started,
    round(extract(epoch from coalesce(b.finished_at, core.clock()) - b.started_at), 1) as seconds,
    b.outcomes,
    b.accepted,
    b.rejected,
    b.source
from landing.load_batch as b
where b.tenant_id = %(tenant)s
order by b.load_id desc
limit %(last)s
