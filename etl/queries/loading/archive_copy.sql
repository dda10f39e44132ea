-- Another copy of a content that is archived: when it was exported, the days that it knows, that it may lose events.
update landing.revision as r
set
    exported_at = greatest(r.exported_at, %(exported_at)s),
    game_date = greatest(r.game_date, %(game_date)s),
    given_on = coalesce(%(given_on)s, r.given_on),
    is_accepted = r.is_accepted or %(is_accepted)s
where r.tenant_id = %(tenant)s and r.game_key = %(game)s and r.content_hash = %(hash)s
