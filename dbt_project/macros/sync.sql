{#- For dimensions: everything of the tenants in the window is computed, and only what differs is written. What the mart
    has of them is read tenant by tenant and compared by hash; rows go by where they lie. -#}
{% macro write_sync(target, source, columns, afresh) -%}
    {%- set keys = config.require('unique_key') -%}
    {%- set list = columns | join(', ') -%}
    set local enable_nestloop = on;
    delete from {{ target }} as old
    using (
        with held as materialized ({{ rows_held(target, afresh) }})

        select held.held_at
        from held
        left join {{ source }} as new on {{ same_key('held', 'new', keys) }}
        where new.tenant_id is null or ({{ 'new.' ~ columns | join(', new.') }}) is distinct from ({{ 'held.' ~ columns | join(', held.') }})
    ) as gone
    where old.ctid = gone.held_at;
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
    select rows_of.ctid as held_at, rows_of.*
    from {{ target }} as rows_of
    where {{ is_recent('rows_of') }}
    {%- elif afresh -%}
    select rows_of.ctid as held_at, rows_of.*
    from {{ target }} as rows_of
    where
        rows_of.tenant_id in ({{ changed_tenants() }})
        or rows_of.tenant_id not in (select load.tenant_id from {{ ref('stg_landing__load_batch') }} as load)
    {%- else -%}
    select held_by.*
    from ({{ changed_tenants() }}) as changed
    cross join lateral (
        select rows_of.ctid as held_at, rows_of.* from {{ target }} as rows_of where rows_of.tenant_id = changed.tenant_id offset 0
    ) as held_by
    {%- endif -%}
{%- endmacro %}

{% macro same_key(one, other, keys) -%}
    {% for key in keys %}{{ one }}.{{ key }} = {{ other }}.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
{%- endmacro %}

{#- Whether anything differs. -#}
{% macro differences(target, source, columns) -%}
    {%- set list = columns | join(', ') -%}
    {%- set kept -%}
        select {{ list }} from {{ target }} as kept where {{ is_recent('kept') }}
    {%- endset -%}
    select exists (
        (select {{ list }} from {{ source }} except all {{ kept }})
        union all
        ({{ kept }} except all select {{ list }} from {{ source }})
    )
{%- endmacro %}

{#- For what is always computed and goes by the day in recent_by: the rows from the day before it last took something in,
    or all of them where it is computed afresh. What came since is of no earlier day, however long it took to commit. -#}
{% macro is_recent(alias) -%}
    {%- set day = config.get('recent_by') -%}
    {%- if day -%}
        (core.window_low('loads') = -1 or {{ alias }}.{{ day }} >= (
            select coalesce(core.utc_day(max(own.refreshed_at)) - 1, '-infinity')
            from core.stat_refresh as own
            where own.model = '{{ this.schema }}.{{ this.identifier }}'
        ))
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
