-- Removes everything that a policy file adds: policies, grants and row-level security itself. Every file in policies/
-- runs this before it is applied again, so that no file lists the policies of an older version.
create or replace function core.unsecure_relation(p_relation regclass)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_statement text;
begin
    for v_statement in
        select format('drop policy %I on %s', p.polname, p_relation)
        from pg_policy as p
        where p.polrelid = p_relation
        union all
        select format('revoke all on %s from %s', p_relation, coalesce(quote_ident(r.rolname), 'public'))
        from (
            select aclexplode(c.relacl) as item from pg_class as c where c.oid = p_relation
            union
            select aclexplode(a.attacl) from pg_attribute as a where a.attrelid = p_relation
        ) as acl
        left join pg_roles as r on r.oid = (acl.item).grantee
        union
        select format('grant all on %s to %I', p_relation, o.rolname)
        from pg_class as c
        join pg_roles as o on o.oid = c.relowner
        where c.oid = p_relation and c.relacl is not null
        order by 1 desc  -- puts revoke before grant
    loop
        execute v_statement;
    end loop;
    execute format('alter table %s no force row level security, disable row level security', p_relation);
end;
$$;

comment on function core.unsecure_relation(regclass) is
'Returns nothing. Drops the policies of a table, revokes every grant on it and turns row-level security off.';

-- revert: drop function core.unsecure_relation(regclass);
