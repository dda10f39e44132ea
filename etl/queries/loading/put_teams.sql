-- Teams by their keys, in this order, so that two loaders never wait for each other both ways; the newest spelling.
insert into contest.team as t (tenant_id, team_key, name, seen_at)
select
    %(tenant)s,
    e.team_key,
    max(e.name),
    coalesce(%(seen_at)s::timestamptz, '-infinity')
from unnest(%(keys)s::text[], %(names)s::text[]) as e (team_key, name)
group by e.team_key
order by e.team_key
on conflict on constraint team_pk do update set name = excluded.name, seen_at = excluded.seen_at
where (excluded.seen_at, excluded.name) > (t.seen_at, t.name)
