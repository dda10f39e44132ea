{#- The referenced row exists in the same tenant. -#}
{% test tenant_relationship(model, column_name, to, field, per='game') %}
select
    child.tenant_id,
    child.{{ column_name }}
from (select distinct tenant_id, {{ column_name }} from {{ to_test(model, per) }} as rows where {{ column_name }} is not null) as child
left join lateral (
    select true as is_there
    from {{ to }} as parents
    where parents.tenant_id = child.tenant_id and parents.{{ field }} = child.{{ column_name }}
    limit 1
) as parent on true
where parent.is_there is null
{% endtest %}
