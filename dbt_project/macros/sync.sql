{#- For dimensions: everything of the tenants in the window is computed, and only what differs is written. -#}
{% macro write_sync(target, source, columns, afresh) -%}
    {%- set keys = config.require('unique_key') -%}
    {%- set list = columns | join(', ') -%}
    {%- set same -%}
        {% for key in keys %}old.{{ key }} = new.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
    {%- endset -%}
    delete from {{ target }} as old
    where
        not exists (select from {{ source }} as new where {{ same }} and ({{ 'new.' ~ columns | join(', new.') }}) is not distinct from ({{ 'old.' ~ columns | join(', old.') }}))
        {% if not config.get('always') -%}
        and (
            old.tenant_id in ({{ changed_tenants() }})
            {%- if afresh %}
            or old.tenant_id not in (select load.tenant_id from {{ ref('stg_landing__load_batch') }} as load)
            {%- endif %}
        )
        {%- else %}
        and {{ is_recent('old') }}
        {%- endif %};
    insert into {{ target }} ({{ list }})
    select {{ list }} from {{ source }} as new
    where not exists (select from {{ target }} as old where {{ same }})
    order by {{ keys | join(', ') }}
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
        (core.window_low() = -1 or {{ alias }}.{{ day }} >= (
            select coalesce(core.utc_day(max(own.refreshed_at)) - 1, '-infinity')
            from core.stat_refresh as own
            where own.model = '{{ this.schema }}.{{ this.identifier }}'
        ))
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
