-- What was not accepted in a load, the latest by default; quarantined games too, which wait for somebody.
with wanted as (
    select coalesce(%(load)s::bigint, max(b.load_id)) as load_id
    from landing.load_batch as b
    where b.tenant_id = %(tenant)s
)

select
    f.path as file,
    f.game_key as game,
    coalesce(r.part, 'game') as part,
    r.position,
    coalesce(r.reason, f.reason) as reason,
    r.raw
from wanted as w
join landing.file as f on f.load_id = w.load_id
left join landing.reject as r
    on r.tenant_id = f.tenant_id and r.load_id = f.load_id and r.file_no = f.file_no and r.game_no = f.game_no
where f.tenant_id = %(tenant)s and (r.reject_no is not null or f.outcome = 'quarantined')
order by f.file_no, f.game_no, r.reject_no
