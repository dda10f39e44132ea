-- What is found about a published game now. Accepting was about one revision and ends with it.
insert into contest.game_quality as q (
    tenant_id, game_key, tracked_home, tracked_away, tracked_by_period, coverage, flags, agrees, content_hash
) values (
    %(tenant)s, %(game)s, %(tracked_home)s, %(tracked_away)s, %(tracked_by_period)s, %(coverage)s, %(flags)s,
    %(agrees)s, %(content_hash)s
)
on conflict on constraint game_quality_pk do update set
    tracked_home = excluded.tracked_home,
    tracked_away = excluded.tracked_away,
    tracked_by_period = excluded.tracked_by_period,
    coverage = excluded.coverage,
    flags = excluded.flags,
    agrees = excluded.agrees,
    content_hash = excluded.content_hash,
    accepted_by = case when q.content_hash = excluded.content_hash then q.accepted_by end,
    accepted_reason = case when q.content_hash = excluded.content_hash then q.accepted_reason end,
    accepted_at = case when q.content_hash = excluded.content_hash then q.accepted_at end
