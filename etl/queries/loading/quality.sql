-- What was found about a published game.
select
    q.tracked_by_period,
    q.coverage,
    q.flags,
    q.agrees,
    q.content_hash
from contest.game_quality as q
where q.tenant_id = %(tenant)s and q.game_key = %(game)s
