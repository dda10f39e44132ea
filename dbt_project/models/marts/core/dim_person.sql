{{ config(
    materialized='write_differences',
    unique_key=['tenant_id', 'person_key']
) }}

-- Persons with an id or only a name in the source, and players with neither, who are identified by team and jersey.
with

changed as (

    {{ changed_tenants() }}

),

appearances as (

    select
        players.tenant_id,
        players.person_key,
        array_agg(distinct players.jersey order by players.jersey) filter (where players.jersey is not null) as jerseys,
        (array_agg(players.team_key order by players.played_on desc, players.game_key desc))[1] as latest_team_key,
        (array_agg(players.jersey order by players.played_on desc, players.game_key desc))[1] as latest_jersey,
        (array_agg(players.person_name order by players.played_on desc, players.game_key desc))[1] as latest_name,
        min(players.played_on) as first_played_on,
        max(players.played_on) as last_played_on
    from changed
    -- in a lateral, so that the pages of a tenant are read once and in order instead of person by person
    cross join lateral (
        select
            lines.tenant_id,
            lines.person_key,
            {{ jersey_of('lines.player_key') }} as jersey,
            lines.person_name,
            lines.team_key,
            lines.played_on,
            lines.game_key
        from {{ ref('fact_player_game') }} as lines
        where lines.tenant_id = changed.tenant_id
        offset 0
    ) as players
    group by players.tenant_id, players.person_key

),

persons as (

    select known.*
    from changed
    cross join lateral (
        select *
        from {{ ref('stg_contest__person') }} as of_tenant
        where of_tenant.tenant_id = changed.tenant_id
        offset 0
    ) as known

)

select
    tenant_id,
    person_key,
    coalesce(persons.person_name, appearances.latest_name, persons.person_key) as person_name,
    persons.position,
    persons.person_key is not null as is_known,
    appearances.jerseys,
    appearances.latest_jersey,
    appearances.latest_team_key,
    appearances.first_played_on,
    appearances.last_played_on
from persons
full join appearances using (tenant_id, person_key)  -- noqa: ST07
