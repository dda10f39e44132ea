{{ config(materialized='secure_view') }}

with

lines as (

    select *
    from {{ ref('fact_goalie_game') }}
    where is_counted and (seconds > 0 or shots_against > 0)

),

totals as (

    select
        lines.tenant_id,
        lines.season_key,
        of_type.game_type,
        lines.person_key,
        (array_agg(lines.team_key order by lines.played_on desc, lines.game_key desc))[1] as team_key,
        count(distinct lines.game_key)::integer as games,
        (count(*) filter (where lines.decision = 'W'))::integer as wins,
        (count(*) filter (where lines.decision in ('L', 'OTL', 'SOL')))::integer as losses,
        (count(*) filter (where lines.decision = 'T'))::integer as ties,
        (count(*) filter (where lines.is_shutout))::integer as shutouts,
        sum(lines.seconds)::integer as seconds,
        sum(lines.shots_against)::integer as shots_against,
        sum(lines.saves)::integer as saves,
        sum(lines.goals_against)::integer as goals_against,
        sum(lines.empty_net_goals_against)::integer as empty_net_goals_against,
        sum(lines.xg_against)::numeric(9, 4) as xg_against,
        sum(lines.goals_saved_above_expected)::numeric(9, 4) as goals_saved_above_expected,
        sum(lines.high_danger_shots_against)::integer as high_danger_shots_against,
        -- for the rate: of games in which the source records the time in net
        sum(lines.goals_against) filter (where lines.seconds is not null) as timed_goals_against
    from lines
    {{ of_each_type('lines') }}
    group by lines.tenant_id, lines.season_key, of_type.game_type, lines.person_key

)

select
    totals.tenant_id,
    totals.season_key,
    totals.game_type,
    totals.person_key,
    persons.person_name,
    totals.team_key,
    teams.team_name,
    totals.games,
    totals.wins,
    totals.losses,
    totals.ties,
    totals.shutouts,
    totals.seconds,
    totals.shots_against,
    totals.saves,
    totals.goals_against,
    totals.empty_net_goals_against,
    {{ share('saves', 'shots_against') }} as save_share,
    {{ per_60('timed_goals_against', 'seconds') }} as goals_against_per_60,
    case when {{ share('saves', 'shots_against') }} is not null
        then (rank() over (by_season order by {{ share('saves', 'shots_against') }} desc nulls last))::integer
    end as save_share_rank,
    (rank() over (by_season order by wins desc))::integer as wins_rank,
    games * 5 >= max(games) over by_season as has_enough_games,
    totals.xg_against,
    totals.goals_saved_above_expected,
    totals.high_danger_shots_against
from totals
left join {{ ref('dim_person') }} as persons on persons.tenant_id = totals.tenant_id and persons.person_key = totals.person_key
left join {{ ref('dim_team') }} as teams on teams.tenant_id = totals.tenant_id and teams.team_key = totals.team_key
window by_season as (partition by totals.tenant_id, totals.season_key, totals.game_type)
