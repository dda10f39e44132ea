{#- For dimensions: everything of the tenants in the window is computed, and only what differs is written. What the mart
    has of them is read tenant by tenant and compared by hash; rows go by where they lie. -#}
{% macro write_sync(target, source, columns, afresh) -%}
    {%- set keys = config.require('unique_key') -%}
    {%- set list = columns | join(', ') -%}
    set local enable_nestloop = on;
    delete from {{ target }} as old
    using (
        with held as materialized ({{ rows_held(target, afresh) }})

        select held.place
        from held
        left join {{ source }} as new on {{ same_key('held', 'new', keys) }}
        where new.tenant_id is null or ({{ 'new.' ~ columns | join(', new.') }}) is distinct from ({{ 'held.' ~ columns | join(', held.') }})
    ) as gone
    where old.ctid = gone.place;
    set local enable_nestloop = off;
    insert into {{ target }} ({{ list }})
    select {{ 'new.' ~ columns | join(', new.') }}
    from {{ source }} as new
    left join ({{ rows_held(target, afresh) }}) as held on {{ same_key('held', 'new', keys) }}
    where held.tenant_id is null
    order by {{ 'new.' ~ keys | join(', new.') }}
{%- endmacro %}

{#- What the mart has of the tenants in the window; afresh also of tenants that have no loads any more. -#}
{% macro rows_held(target, afresh) -%}
    {%- if config.get('always') -%}
    select rows_of.ctid as place, rows_of.*
    from {{ target }} as rows_of
    {%- elif afresh -%}
    select rows_of.ctid as place, rows_of.*
    from {{ target }} as rows_of
    where
        rows_of.tenant_id in ({{ changed_tenants() }})
        or rows_of.tenant_id not in (select load.tenant_id from {{ ref('stg_landing__load_batch') }} as load)
    {%- else -%}
    select held_by.*
    from ({{ changed_tenants() }}) as changed
    cross join lateral (
        select rows_of.ctid as place, rows_of.* from {{ target }} as rows_of where rows_of.tenant_id = changed.tenant_id offset 0
    ) as held_by
    {%- endif -%}
{%- endmacro %}

{% macro same_key(one, other, keys) -%}
    {% for key in keys %}{{ one }}.{{ key }} = {{ other }}.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
{%- endmacro %}

{#- Whether anything differs. -#}
{% macro differences(target, source, columns) -%}
    {%- set list = columns | join(', ') -%}
    select exists (
        (select {{ list }} from {{ source }} except all select {{ list }} from {{ target }})
        union all
        (select {{ list }} from {{ target }} except all select {{ list }} from {{ source }})
    )
{%- endmacro %}
