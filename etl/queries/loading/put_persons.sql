-- Persons by their ids, in this order, so that two loaders never wait for each other both ways; the newest name.
insert into contest.person as p (tenant_id, person_key, name, position, seen_at)
select distinct on (e.person_key)
    %(tenant)s,
    e.person_key,
    e.name,
    e.position,
    coalesce(%(seen_at)s::timestamptz, '-infinity')
from unnest(%(keys)s::text[], %(names)s::text[], %(positions)s::text[]) as e (person_key, name, position)
order by e.person_key, e.name desc nulls last, e.position desc nulls last
on conflict on constraint person_pk do update set
    name = excluded.name, position = excluded.position, seen_at = excluded.seen_at
where
    (excluded.seen_at, coalesce(excluded.name, ''), coalesce(excluded.position, ''))
    > (p.seen_at, coalesce(p.name, ''), coalesce(p.position, ''))
