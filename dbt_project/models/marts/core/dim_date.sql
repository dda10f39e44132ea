{{ config(
    incremental_strategy='sync',
    unique_key=['tenant_id', 'day'],
    indexes=[{'columns': ['tenant_id', 'day'], 'unique': true}]
) }}

with

spans as (

    select
        games.tenant_id,
        min(games.played_on) as first_day,
        max(games.played_on) as last_day
    from {{ ref('int_game') }} as games
    where games.tenant_id in ({{ changed_tenants() }})
    group by games.tenant_id

),

played as (

    select
        games.tenant_id,
        games.played_on,
        count(*)::integer as games
    from {{ ref('int_game') }} as games
    where games.tenant_id in ({{ changed_tenants() }}) and games.status <> 'void'
    group by games.tenant_id, games.played_on

)

select
    spans.tenant_id,
    d.day::date as day,
    extract(year from d.day)::smallint as year,
    extract(month from d.day)::smallint as month,
    extract(week from d.day)::smallint as iso_week,
    extract(isodow from d.day)::smallint as iso_weekday,
    coalesce(played.games, 0) as games
from spans
cross join lateral generate_series(spans.first_day::timestamp, spans.last_day::timestamp, '1 day') as d (day)
left join played on played.tenant_id = spans.tenant_id and played.played_on = d.day::date
