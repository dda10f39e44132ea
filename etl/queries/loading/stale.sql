-- Whether a content is archived with all that this copy of it knows.
select true
from landing.revision as r
where
    r.tenant_id = %(tenant)s and r.game_key = %(game)s and r.content_hash = %(hash)s
    and r.state <> 'quarantined'
    and (r.is_accepted or not %(is_accepted)s)
    and (%(given_on)s::date is null or r.given_on = %(given_on)s)
    and (%(game_date)s::date is null or r.game_date >= %(game_date)s)
    and coalesce(%(exported_at)s::timestamptz, '-infinity') <= coalesce(r.exported_at, '-infinity')
    and coalesce(r.first_exported_at, '-infinity') < coalesce(%(exported_at)s::timestamptz, '-infinity')
