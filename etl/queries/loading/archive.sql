-- Archives a content of a game, or what else is now known of one: another moment of its export, another day, that it
-- may lose events. Of several copies of a content the one that was exported first is kept.
insert into landing.revision as r (
    tenant_id, game_key, content_hash, exported_at, first_exported_at, game_date, given_on, is_accepted, state, load_id,
    format, home_team, away_team, events_seen, events_accepted, events_rejected,
    stints_seen, stints_accepted, stints_ignored, stints_rejected, document
) values (
    %(tenant)s, %(game)s, %(hash)s, %(exported_at)s, %(exported_at)s, %(game_date)s, %(given_on)s, %(is_accepted)s,
    'archived', %(load)s, %(format)s, %(home_team)s, %(away_team)s,
    %(events_seen)s, %(events_accepted)s, %(events_rejected)s,
    %(stints_seen)s, %(stints_accepted)s, %(stints_ignored)s, %(stints_rejected)s, %(document)s
)
