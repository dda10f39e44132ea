-- The rosters of a game.
insert into contest.roster_entry (tenant_id, game_key, side, entry_no, jersey, person_key, name, position)
select %(tenant)s, %(game)s, e.side, e.entry_no, e.jersey, e.person_key, e.name, e.position
from unnest(
    %(sides)s::text[], %(numbers)s::integer[], %(jerseys)s::text[], %(persons)s::text[], %(names)s::text[],
    %(positions)s::text[]
) as e (side, entry_no, jersey, person_key, name, position)
