-- Hides the partitions that another tool created: forces row-level security without a policy and revokes every grant
-- except those of the owner, whose maintenance reads them.
create or replace function core.hide_partitions(p_relation regclass)
returns integer
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_child regclass;
    v_grantee name;
    v_done integer := 0;
begin
    for v_child, v_grantee in
        select distinct c.oid, r.rolname
        from pg_inherits as i
        join pg_class as c on c.oid = i.inhrelid
        cross join lateral aclexplode(c.relacl) as a
        left join pg_roles as r on r.oid = a.grantee
        where i.inhparent = p_relation and a.grantee <> c.relowner
    loop
        if v_grantee is null then
            execute format('revoke all on %s from public', v_child);
        else
            execute format('revoke all on %s from %I', v_child, v_grantee);
        end if;
        v_done := v_done + 1;
    end loop;
    for v_child in
        select c.oid
        from pg_inherits as i
        join pg_class as c on c.oid = i.inhrelid
        where i.inhparent = p_relation and not (c.relrowsecurity and c.relforcerowsecurity)
    loop
        execute format('alter table %s enable row level security, force row level security', v_child);
        v_done := v_done + 1;
    end loop;
    return v_done;
end;
$$;

comment on function core.hide_partitions(regclass) is
'Returns the number of statements executed to force row-level security on the partitions of a table and to revoke every grant on them.';

-- revert: drop function core.hide_partitions(regclass);
