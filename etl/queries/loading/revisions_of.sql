-- Every content that a game ever had.
select
    encode(r.content_hash, 'hex') as revision,
    r.state,
    to_char(r.exported_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as exported,
    r.events_accepted as events,
    r.stints_accepted as stints,
    r.events_rejected + r.stints_rejected as rejected,
    r.is_accepted as accepted,
    r.format,
    r.load_id as load
from landing.revision as r
where r.tenant_id = %(tenant)s and r.game_key = %(game)s
order by coalesce(r.exported_at, '-infinity'), r.content_hash
