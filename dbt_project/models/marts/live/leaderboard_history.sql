{{ config(
    materialized='write_differences',
    unique_key=['tenant_id', 'competition_key', 'as_of', 'team_key'],
    always=true
) }}

-- Computed at every build, because scores are confirmed without a load. Days are UTC days. A result that is amended
-- later stays on its first day as it was then.
with

by_day as (

    select
        tenant_id,
        competition_key,
        team_key,
        (entered_at at time zone 'UTC')::date as as_of,
        sum(points) as points,
        sum(played) as played,
        sum(won) as won,
        sum(drawn) as drawn,
        sum(lost) as lost,
        sum(score_for) as score_for,
        sum(score_against) as score_against
    from {{ ref('stg_contest__point_entry') }}
    group by tenant_id, competition_key, team_key, as_of

),

days as (

    select distinct tenant_id, competition_key, as_of from by_day

),

teams as (

    select distinct tenant_id, competition_key, team_key from by_day

),

running as (

    select
        days.tenant_id,
        days.competition_key,
        days.as_of,
        teams.team_key,
        sum(coalesce(by_day.points, 0)) over so_far as points,
        sum(coalesce(by_day.played, 0)) over so_far as played,
        sum(coalesce(by_day.won, 0)) over so_far as won,
        sum(coalesce(by_day.drawn, 0)) over so_far as drawn,
        sum(coalesce(by_day.lost, 0)) over so_far as lost,
        sum(coalesce(by_day.score_for, 0)) over so_far as score_for,
        sum(coalesce(by_day.score_against, 0)) over so_far as score_against
    from days
    join teams on teams.tenant_id = days.tenant_id and teams.competition_key = days.competition_key
    left join by_day
        on
            by_day.tenant_id = days.tenant_id
            and by_day.competition_key = days.competition_key
            and by_day.as_of = days.as_of
            and by_day.team_key = teams.team_key
    window so_far as (partition by days.tenant_id, days.competition_key, teams.team_key order by days.as_of)

)

select
    running.tenant_id,
    running.competition_key,
    running.as_of,
    running.team_key,
    names.team_name,
    (rank() over (
        partition by running.tenant_id, running.competition_key, running.as_of
        order by running.points desc, running.score_for - running.score_against desc, running.score_for desc
    ))::integer as place,
    running.points::numeric(9, 2) as points,
    running.played::integer as games,
    running.won::integer as wins,
    running.drawn::integer as ties,
    running.lost::integer as losses,
    running.score_for::integer as score_for,
    running.score_against::integer as score_against
from running
left join {{ ref('stg_contest__team') }} as names on names.tenant_id = running.tenant_id and names.team_key = running.team_key
