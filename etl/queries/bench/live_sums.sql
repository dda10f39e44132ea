-- Lines of the table that are not the sum of the ledger, in one snapshot.
with line as (
    select l.team_key, l.points, l.played, l.won, l.drawn, l.lost, l.score_for, l.score_against
    from contest.leaderboard('cup') as l
),

entry as (
    select
        p.team_key,
        sum(p.points) as points,
        sum(p.played) as played,
        sum(p.won) as won,
        sum(p.drawn) as drawn,
        sum(p.lost) as lost,
        sum(p.score_for) as score_for,
        sum(p.score_against) as score_against
    from contest.point_entry as p
    where p.tenant_id = core.current_tenant() and p.competition_key = 'cup'
    group by p.team_key
)

select count(*)
from line
left join entry on entry.team_key = line.team_key
where
    (line.points, line.played, line.won, line.drawn, line.lost, line.score_for, line.score_against) is distinct from (
        coalesce(entry.points, 0), coalesce(entry.played, 0), coalesce(entry.won, 0), coalesce(entry.drawn, 0),
        coalesce(entry.lost, 0), coalesce(entry.score_for, 0), coalesce(entry.score_against, 0)
    )
