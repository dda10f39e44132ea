-- A copy that was exported before the one that is archived takes its place: which one stands for a content may not
-- follow from the order in which they came.
update landing.revision as r
set
    first_exported_at = %(exported_at)s,
    format = %(format)s,
    home_team = %(home_team)s,
    away_team = %(away_team)s,
    events_seen = %(events_seen)s,
    events_accepted = %(events_accepted)s,
    events_rejected = %(events_rejected)s,
    stints_seen = %(stints_seen)s,
    stints_accepted = %(stints_accepted)s,
    stints_ignored = %(stints_ignored)s,
    stints_rejected = %(stints_rejected)s,
    document = %(document)s
where
    r.tenant_id = %(tenant)s and r.game_key = %(game)s and r.content_hash = %(hash)s
    and (coalesce(r.first_exported_at, '-infinity'), r.document)
    > (coalesce(%(exported_at)s, '-infinity'::timestamptz), %(document)s)
