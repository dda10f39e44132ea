-- Seasons that a schedule names.
insert into contest.season as s (tenant_id, season_key, name)
select
    %(tenant)s,
    e.season_key,
    e.name
from unnest(%(keys)s::text[], %(names)s::text[]) as e (season_key, name)
order by e.season_key
on conflict on constraint season_pk do update set name = excluded.name
where s.name <> excluded.name
