-- name: access_to_functions
-- Functions that each role may call, and the role with whose rights they run: (object, role, access).
select
    f.name as object,
    pg_get_userbyid(a.grantee) as role,
    case when f.is_definer then 'runs as the owner' else 'runs as the caller' end as access
from core.own_function as f
cross join lateral aclexplode(f.acl) as a
where a.grantee <> f.owner
order by f.name, a.grantee;

-- name: access_to_relations
-- Operations of each role on each table or view, and the rows that they reach: (object, role, access).
with allowed as (
    select
        r.name,
        pg_get_userbyid(a.grantee) as role,
        lower(a.privilege_type) as verb,
        case
            when r.kind = 'view' then 'rows of its tables'
            when p.text like '%readable\_tenants%' then 'granted tenants'
            when p.text like '%is\_operator%' then 'the tenant; all for operators'
            when p.text like '%current\_tenant%' then 'own tenant'
            when p.text = 'true' then case when r.has_tenant then 'every tenant' else 'all' end
            else p.text
        end as rows
    from core.own_relation as r
    cross join lateral aclexplode(r.acl) as a
    left join lateral (
        select coalesce(policy.qual, policy.with_check) as text
        from pg_policies as policy
        where
            format('%s.%s', policy.schemaname, policy.tablename) = r.name
            and policy.cmd in ('ALL', a.privilege_type)
            and pg_get_userbyid(a.grantee) = any(policy.roles)
    ) as p on true
    where
        r.kind in ('table', 'view')
        and a.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
        and (r.kind = 'table' or a.grantee <> r.owner)
)

select
    a.name as object,
    a.role,
    string_agg(a.verbs || ': ' || a.rows, '; ' order by a.verbs) as access
from (
    select
        allowed.name,
        allowed.role,
        allowed.rows,
        string_agg(distinct allowed.verb, ', ' order by allowed.verb) as verbs
    from allowed
    where allowed.rows is not null
    group by allowed.name, allowed.role, allowed.rows
) as a
group by a.name, a.role
order by a.name, a.role;

-- name: catalogs
-- System views and tables that analysts may read.
select n.nspname || '.' || c.relname as name
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where
    n.nspname in ('pg_catalog', 'information_schema')
    and c.relkind in ('r', 'v')
    and has_table_privilege('stanchion_analyst', c.oid, 'select')
order by n.nspname, c.relname;

-- name: functions
-- Functions of Stanchion that each of its roles may execute, with the types of their parameters.
select
    role.rolname as role,
    f.name,
    array[n.nspname::text, p.proname::text] as path,
    p.prokind = 'p' as is_procedure,
    array(
        select format_type(t.type, null)
        from unnest(p.proargtypes::oid[]) with ordinality as t (type, position)
        order by t.position
    ) as types
from core.own_function as f
join pg_proc as p on p.oid = f.function
join pg_namespace as n on n.oid = p.pronamespace
join pg_roles as role on role.rolname like 'stanchion\_%' and has_function_privilege(role.oid, f.function, 'execute')
where p.prokind in ('f', 'p') and p.prorettype <> 'trigger'::regtype
order by role.rolname, f.name;

-- name: grants
-- Tables and views that each role of Stanchion may read.
select
    role.rolname as role,
    r.name
from core.own_relation as r
join pg_roles as role on role.rolname like 'stanchion\_%' and has_any_column_privilege(role.oid, r.relation, 'select')
where r.kind in ('table', 'view');

-- name: harmless_load
-- Adds a load to the tenant of the transaction. It is over, and its number is below the window of every build, so that no
-- build waits for it or reads its rows, even when the audit is killed.
insert into landing.load_batch (tenant_id, load_id, state, kind, source, finished_at)
values (core.current_tenant(), %(load)s, 'done', 'decision', %(mark)s, core.clock());

-- name: harmless_setting
-- Adds a setting with a valid value to the tenant of the transaction: contest.rules fails for a tenant with an invalid one.
select core.set_tenant_config(k.namespace, k.key, k.default_value)
from core.config_key as k
order by k.namespace, k.key
limit 1;

-- name: publications
-- Returns the publications that keep rows of our tables from being updated or deleted: (publication, problem).
select
    p.pubname as object,
    format(
        'publishes updates or deletes of %s tables without a replica identity, such as %s, so that no session can make them, and no attack was tried; run: '
        'alter publication %I set (publish = ''insert''), or drop it',
        count(*), min(c.oid::regclass::text), p.pubname
    ) as problem
from pg_publication as p
join pg_class as c on c.relkind = 'r' and c.relpersistence = 'p'
join pg_namespace as n on n.oid = c.relnamespace and pg_get_userbyid(n.nspowner) in ('stanchion_owner', 'stanchion_builder')
where
    (p.pubupdate or p.pubdelete)
    and (
        p.puballtables
        or exists (
            select from pg_publication_namespace as s
            where s.pnpubid = p.oid and s.pnnspid = n.oid
        )
        or exists (
            select from pg_publication_rel as r
            where r.prpubid = p.oid and (r.prrelid = c.oid or r.prrelid in (select a.relid from pg_partition_ancestors(c.oid) as a))
        )
    )
    and (
        c.relreplident = 'n'
        or (
            c.relreplident = 'd'
            and not exists (
                select from pg_index as i
                where i.indrelid = c.oid and i.indisprimary
            )
        )
    )
group by p.pubname
order by p.pubname;

-- name: relations
-- Relations of Stanchion with their columns, including the first three partitions of each table.
with candidate as (
    select
        r.name,
        r.relation,
        row_number() over (partition by i.inhparent order by r.name) as nth,
        r.kind
    from core.own_relation as r
    left join pg_inherits as i on i.inhrelid = r.relation
)

select
    c.name,
    array(
        select a.attname::text
        from pg_attribute as a
        where a.attrelid = c.relation and a.attnum > 0 and not a.attisdropped
    ) as columns
from candidate as c
where c.kind <> 'partition' or c.nth <= 3
order by c.name;

-- name: shards
-- Shards on this node with the rows of a tenant: the name of the shard, and that of its table.
select format('%%s.%%s', n.nspname, c.relname), w.name
from unnest(%(names)s::text[]) as w (name)
join pg_dist_partition as p on p.logicalrelid = to_regclass(w.name) and p.partmethod = 'h'
join pg_class as c on c.oid = to_regclass(shard_name(p.logicalrelid, get_shard_id_for_distribution_column(p.logicalrelid, %(tenant)s::uuid)))
join pg_namespace as n on n.oid = c.relnamespace;

-- name: tables
-- Tables with tenant_id, with their columns, checks and foreign keys.
select
    r.name,
    (
        select
            jsonb_agg(
                jsonb_build_object(
                    'name', a.attname,
                    'type', format_type(a.atttypid, null),
                    'required', a.attnotnull and not a.atthasdef and a.attidentity = '',
                    'nullable', not a.attnotnull,
                    'writable', a.attgenerated = '' and a.attidentity <> 'a',
                    'labels', (
                        select jsonb_agg(e.enumlabel order by e.enumsortorder) from pg_enum as e
                        where e.enumtypid = a.atttypid
                    )
                )
                order by a.attnum
            )
        from pg_attribute as a
        where a.attrelid = r.relation and a.attnum > 0 and not a.attisdropped
    ) as columns,
    coalesce((
        select
            jsonb_object_agg(
                c.conname,
                jsonb_build_object(
                    'columns', (
                        select coalesce(jsonb_agg(a.attname), '[]') from pg_attribute as a
                        where a.attrelid = r.relation and a.attnum = any(c.conkey)
                    ),
                    'literals', (select coalesce(jsonb_agg(m[1]), '[]') from regexp_matches(pg_get_constraintdef(c.oid), '''([^'']*)''::', 'g') as m)
                )
            )
        from pg_constraint as c
        where c.conrelid = r.relation and c.contype = 'c'
    ), '{}') as checks,
    coalesce((
        select
            jsonb_agg(
                jsonb_build_object(
                    'columns', (
                        select jsonb_agg(a.attname order by k.n)
                        from unnest(c.conkey) with ordinality as k (num, n)
                        join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = k.num
                    ),
                    'target', c.confrelid::regclass::text,
                    'target_columns', (
                        select jsonb_agg(a.attname order by k.n)
                        from unnest(c.confkey) with ordinality as k (num, n)
                        join pg_attribute as a on a.attrelid = c.confrelid and a.attnum = k.num
                    )
                )
                order by c.conkey
            )
        from pg_constraint as c
        where c.conrelid = r.relation and c.contype = 'f' and c.conparentid = 0
    ), '[]') as parents,
    p.partrelid is not null as is_partitioned,
    pg_get_userbyid(r.owner)::text as owner
from core.own_relation as r
left join pg_partitioned_table as p on p.partrelid = r.relation
where r.kind = 'table' and r.has_tenant
order by r.name;

-- name: unusual_logins
-- Logins of our roles that also belong to other roles, own objects or were granted privileges: (login, role).
select
    m.member_name::text as login,
    min(m.role_name::text) filter (
        where m.role_name in ('stanchion_app', 'stanchion_loader', 'stanchion_worker', 'stanchion_builder', 'stanchion_analyst')
    ) as role
from core.own_membership as m
join pg_roles as r on r.oid = m.member
where
    r.rolcanlogin
    and not r.rolsuper
    and not m.is_deployer
    and not m.is_operator
    and shobj_description(r.oid, 'pg_authid') is distinct from %(mark)s
    -- our own roles can log in on a cluster
    and r.rolname not in ('stanchion_app', 'stanchion_loader', 'stanchion_worker', 'stanchion_builder', 'stanchion_analyst')
group by m.member, m.member_name
having
    count(*) > 2  -- itself and one of our roles
    or exists (
        select 1
        from pg_shdepend as d
        where
            d.refclassid = 'pg_authid'::regclass and d.refobjid = m.member and d.deptype in ('a', 'o', 'i')
            and d.dbid = (
                select b.oid from pg_database as b
                where b.datname = current_database()
            )
    )
order by m.member_name;

-- name: reachable_elsewhere
-- Relations outside our schemas that the login of this session may read, and catalogs that analysts may not read.
select format('%s.%s', n.nspname, c.relname) as name
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where
    c.relkind in ('r', 'p', 'v', 'm', 'f')
    and pg_get_userbyid(n.nspowner) not in ('stanchion_owner', 'stanchion_builder')
    and n.nspname !~ '^pg_(temp|toast)'
    and has_schema_privilege(n.oid, 'usage')
    and has_table_privilege(c.oid, 'select')
    and not (n.nspname in ('pg_catalog', 'information_schema') and has_table_privilege('stanchion_analyst', c.oid, 'select'))
order by 1;

-- name: attempts
-- Runs each statement of the setting stanchion.attempts with the rights of this session, rolls it back, and sets
-- stanchion.answers to a list of the SQLSTATE, the number of rows, and the value of a SELECT or the text of the error.
do $attempts$
declare
    v_statement text;
    v_rows bigint;
    v_text text;
    v_state text;
    v_message text;
    v_detail text;
    v_hint text;
    v_answers jsonb := '[]';
begin
    for v_statement in
        select s.text
        from jsonb_array_elements_text(current_setting('stanchion.attempts')::jsonb) with ordinality as s (text, position)
        order by s.position
    loop
        v_rows := 0;
        v_text := '';
        begin
            if v_statement like 'select %' then
                execute v_statement into v_text;
            else
                execute v_statement;
            end if;
            get diagnostics v_rows = row_count;
            raise exception using errcode = 'AUDIT';
        exception when others then
            get stacked diagnostics
                v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail, v_hint = pg_exception_hint;
            if v_state <> 'AUDIT' then
                v_text := concat_ws(' ', v_message, v_detail, v_hint);
            end if;
            v_answers := v_answers || jsonb_build_array(jsonb_build_array(v_state, v_rows, coalesce(v_text, '')));
        end;
    end loop;
    perform set_config('stanchion.answers', v_answers::text, true);
end;
$attempts$;

-- name: readable_in_part
-- Relations of which the login of this session may read a column.
select format('%s.%s', n.nspname, c.relname) as name
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where
    c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    and has_schema_privilege(n.oid, 'usage')
    and has_any_column_privilege(c.oid, 'select');
