-- What was not accepted of a file.
insert into landing.reject (tenant_id, load_id, file_no, game_no, reject_no, game_key, part, position, reason, raw)
select %(tenant)s, %(load)s, %(file_no)s, %(game_no)s, e.number - 1, %(game)s, e.part, e.position, e.reason, e.raw::jsonb
from unnest(%(parts)s::text[], %(positions)s::integer[], %(reasons)s::text[], %(raws)s::text[])
with ordinality as e (part, position, reason, raw, number)
