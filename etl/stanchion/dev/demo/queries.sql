-- name: prepare
-- A competition of the teams of the league whose games are added one by one, and a member that may only read.
do $$
declare
    v_tenant uuid := core.current_tenant();
begin
    perform pg_advisory_xact_lock(hashtextextended('stanchion demo --serve', 0));  -- two demonstrations begin at once
    if not exists (
        select from contest.competition as c where c.tenant_id = v_tenant and c.competition_key = 'live'
    ) then
        perform core.add_member('scoreboard@example.org', 'The Scoreboard', 'viewer');
        perform contest.create_competition('live', 'Harbour Nights', 'free', 'league');
        perform contest.enter_team('live', t.name)
        from contest.team as t
        where t.tenant_id = v_tenant
        order by t.team_key;
    end if;
end;
$$;

-- name: latest_game
-- The latest game, with the score that was submitted last.
select
    f.game_key,
    f.round as number,
    f.status,
    f.version,
    case when s.state = 'pending' then s.submission_key end as submission,
    coalesce(s.home, 0) as home,
    coalesce(s.away, 0) as away,
    array(
        select k.submission_key
        from contest.score_submission as k
        where k.tenant_id = f.tenant_id and k.game_key = f.game_key
    ) as submitted
from contest.fixture as f
left join lateral (
    select l.submission_key, l.state, l.home, l.away
    from contest.score_submission as l
    where l.tenant_id = f.tenant_id and l.game_key = f.game_key
    order by l.submitted_at desc
    limit 1
) as s on true
where f.tenant_id = core.current_tenant() and f.competition_key = %(competition)s and f.round is not null
order by f.round desc
limit 1;

-- name: add_game
select contest.add_fixture(%(competition)s, h.team_key, a.team_key, %(game)s, %(number)s)
from contest.team as h
join contest.team as a on a.tenant_id = h.tenant_id
where h.tenant_id = core.current_tenant() and h.name = %(home)s and a.name = %(away)s;

-- name: act_as_referee
select core.set_local('app.principal_id', p.principal_id::text)
from core.principal as p
where p.tenant_id = core.current_tenant() and p.email = 'referee@example.org';

-- name: end_confirmations
-- A score that was replaced or confirmed needs no job worker, so its job need not wait until the time for disputes is over.
update core.job as j
set run_at = core.clock()
where
    j.tenant_id = core.current_tenant()
    and j.queue = 'contest.confirm'
    and exists (
        select
        from contest.score_submission as s
        where s.tenant_id = j.tenant_id and s.submission_key = j.payload ->> 'submission' and s.state <> 'pending'
    );
