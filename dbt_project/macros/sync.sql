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
        {%- endif %};
    insert into {{ target }} ({{ list }})
    select {{ list }} from {{ source }} as new
    where not exists (select from {{ target }} as old where {{ same }})
    order by {{ keys | join(', ') }}
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
