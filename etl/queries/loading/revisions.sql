-- What is archived of a game, without the documents.
select
    r.content_hash,
    r.exported_at,
    r.first_exported_at,
    r.game_date,
    r.given_on,
    r.is_accepted,
    r.state,
    r.home_team,
    r.away_team,
    r.events_accepted,
    r.stints_accepted
from landing.revision as r
where r.tenant_id = %(tenant)s and r.game_key = %(game)s
