{#- Table for dimensions and for what changes without a load: computes every row of the tenants in the window and writes
    only the rows that differ. Needs the config `unique_key`. -#}
{% materialization write_differences, adapter='postgres' %}
    {{ return(build_in_place(write_different_rows)) }}
{% endmaterialization %}

{#- Statements that delete the rows that are gone or differ, and insert the rows that are new or differ. The existing
    rows are read tenant by tenant, compared by hash join, and deleted by ctid. -#}
{% macro write_different_rows(target, source, columns, everything) -%}
    {%- set keys = config.require('unique_key') -%}
    {%- set list = columns | join(', ') -%}
    analyze {{ source }};
    select set_config('enable_nestloop', 'on', true);
    delete from {{ target }} as old
    using (
        with existing as materialized ({{ existing_rows(target, everything) }})

        select existing.row_ctid
        from existing
        left join {{ source }} as new on {{ same_key('existing', 'new', keys) }}
        where new.tenant_id is null or ({{ 'new.' ~ columns | join(', new.') }}) is distinct from ({{ 'existing.' ~ columns | join(', existing.') }})
    ) as gone
    where old.ctid = gone.row_ctid;
    select set_config('enable_nestloop', 'off', true);
    insert into {{ target }} ({{ list }})
    select {{ 'new.' ~ columns | join(', new.') }}
    from {{ source }} as new
    left join ({{ existing_rows(target, everything) }}) as existing on {{ same_key('existing', 'new', keys) }}
    where existing.tenant_id is null
    order by {{ 'new.' ~ keys | join(', new.') }}
{%- endmacro %}

{#- The rows that the mart contains for the tenants in the window. With `everything`, also the rows of tenants that no
    longer have a load. -#}
{% macro existing_rows(target, everything) -%}
    {%- if config.get('always') -%}
    select rows_of.ctid as row_ctid, rows_of.*
    from {{ target }} as rows_of
    where {{ is_recent('rows_of') }}
    {%- elif everything -%}
    select rows_of.ctid as row_ctid, rows_of.*
    from {{ target }} as rows_of
    where
        rows_of.tenant_id in ({{ changed_tenants() }})
        or rows_of.tenant_id not in (select load.tenant_id from {{ ref('stg_landing__load_batch') }} as load)
    {%- else -%}
    select of_tenant.*
    from ({{ changed_tenants() }}) as changed
    cross join lateral (
        select rows_of.ctid as row_ctid, rows_of.* from {{ target }} as rows_of where rows_of.tenant_id = changed.tenant_id offset 0
    ) as of_tenant
    {%- endif -%}
{%- endmacro %}

{% macro same_key(one, other, keys) -%}
    {% for key in keys %}{{ one }}.{{ key }} = {{ other }}.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
{%- endmacro %}

{#- Query that returns true when a row of the mart differs from the rows of a query. stanchion.marts.compare keeps it for each
    mart with `always`, so that a build without changes compares these marts without dbt. -#}
{% macro differences(target, query, columns) -%}
    {%- set list = columns | join(', ') -%}
    {%- set kept -%}
        select {{ list }} from {{ target }} as kept where {{ is_recent('kept') }}
    {%- endset -%}
    with

    computed as materialized (
        {{ query }}
    )

    select exists (
        (select {{ list }} from computed except all {{ kept }})
        union all
        ({{ kept }} except all select {{ list }} from computed)
    ) as is_different
{%- endmacro %}

{#- For a model with `always` and `recent_by`: condition for the rows from the day before the last change of the mart
    on; true for every row when the mart is computed from scratch. New source rows cannot have an earlier day, however
    late they were committed. -#}
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
