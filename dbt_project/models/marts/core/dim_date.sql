{{ config(
    materialized='write_differences',
    unique_key=['tenant_id', 'day']
) }}

with

games as (

    select of_tenant.*
    from ({{ changed_tenants() }}) as changed
    cross join lateral (
        select
            games.tenant_id,
            games.played_on,
            games.status
        from {{ ref('int_game') }} as games
        where games.tenant_id = changed.tenant_id
        offset 0
    ) as of_tenant

),

spans as (

    select
        tenant_id,
        min(played_on) as first_day,
        max(played_on) as last_day
    from games
    group by tenant_id

),

played as (

    select
        tenant_id,
        played_on,
        count(*)::integer as games
    from games
    where status <> 'void'
    group by tenant_id, played_on

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
