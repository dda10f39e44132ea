{{ config(
    materialized='write_differences',
    unique_key=['tenant_id', 'competition_key', 'game_key', 'team_key'],
    always=true,
    indexes=[
        {'columns': ['tenant_id', 'team_key']},
    ]
) }}

-- Computed at every build, because scores are confirmed and teams are renamed without a load. After an amendment the ledger contains the
-- first result, its reversal and the new result; the result of a fixture is their sum.
with

entries as (

    select * from {{ ref('stg_contest__point_entry') }}

),

results as (

    select
        tenant_id,
        competition_key,
        game_key,
        team_key,
        -- after an amended winner of a bracket, the next fixture may have had other opponents
        max(opponent_team_key) as opponent_team_key,
        max(round) as round,
        sum(points)::numeric(9, 2) as points,
        sum(score_for)::integer as score_for,
        sum(score_against)::integer as score_against,
        (count(*) filter (where reason = 'reversal'))::integer as amendments,
        min(entered_at) as decided_at,
        max(entered_at) as amended_at
    from entries
    where game_key is not null
    group by tenant_id, competition_key, game_key, team_key
    having sum(played) = 1

)

select
    results.tenant_id,
    results.competition_key,
    results.game_key,
    results.team_key,
    teams.team_name,
    results.opponent_team_key,
    opponents.team_name as opponent_team_name,
    competitions.competition_name,
    competitions.season_key,
    results.round,
    results.score_for,
    results.score_against,
    case
        when results.score_for > results.score_against then 'W'
        when results.score_for = results.score_against then 'T'
        else 'L'
    end as result,
    results.points,
    results.amendments,
    results.decided_at,
    results.amended_at
from results
join {{ ref('stg_contest__competition') }} as competitions
    on competitions.tenant_id = results.tenant_id and competitions.competition_key = results.competition_key
left join {{ ref('stg_contest__team') }} as teams on teams.tenant_id = results.tenant_id and teams.team_key = results.team_key
left join {{ ref('stg_contest__team') }} as opponents
    on opponents.tenant_id = results.tenant_id and opponents.team_key = results.opponent_team_key
