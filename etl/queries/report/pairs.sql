-- How every two teams did against each other, in all seasons.
select
    h.first_team_key,
    h.second_team_key,
    h.games,
    h.first_wins,
    h.second_wins,
    h.ties,
    h.first_goals,
    h.second_goals
from marts.head_to_head as h
where h.tenant_id = %(tenant)s
