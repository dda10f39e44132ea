-- A statement of a function compares the tenant with a variable and not with a call. Citus finds the shard of a variable;
-- for a call it reads every shard, or refuses the statement when it locks rows. The same holds for the principal, whose
-- call the planner replaces by its expression.
--
-- cluster: F6
-- severity: high
-- remedy: v_tenant uuid := core.required_tenant(); then use v_tenant in every statement.
select distinct
    s.name as object,
    format('calls %s() in a statement on %s', call.word[1], array_to_string(s.tables, ' and ')) as problem
from core.own_statement as s
cross join
    lateral regexp_matches(
        s.code, '\m(core\.(?:required_tenant|current_tenant|tenant_to_write|jwt_tenant|current_principal|acting_principal))\(', 'g'
    ) as call (word)
where s.tables <> '{}' and s.language = 'plpgsql'
