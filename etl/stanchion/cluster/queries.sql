-- name: citus_tables
select
    format('%s.%s', n.nspname, c.relname) as name,
    case p.partmethod when 'n' then 'reference' else 'distributed' end as class
from pg_dist_partition as p
join pg_class as c on c.oid = p.logicalrelid
join pg_namespace as n on n.oid = c.relnamespace
where not c.relispartition;

-- name: columns
-- Columns of a table as expressions that hash to the same number on every node: the text of types without a hash, of enums
-- and of object names, whose hashes are of ids. Generated columns follow from the others.
select
    case
        when t.typtype = 'e' or t.typname like 'reg%%' or not has_hash.it then format('%%I::text', a.attname)
        else quote_ident(a.attname)
    end as expression
from pg_attribute as a
join pg_type as t on t.oid = a.atttypid
cross join
    lateral (
        select exists(
            select 1 from pg_opclass as c
            join pg_am as m on m.oid = c.opcmethod and m.amname = 'hash'
            left join pg_type as e on e.oid = t.typelem and t.typcategory = 'A'
            where c.opcdefault and (
                c.opcintype = t.oid or c.opcintype = t.typbasetype or c.opcintype = e.oid
                or (t.typname = 'varchar' and c.opcintype = 'text'::regtype)
            )
        ) as it
    ) as has_hash
where a.attrelid = %(relation)s and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
order by a.attnum;

-- name: coordinator
-- Address of the coordinator; no row at the coordinator itself.
select n.nodename, n.nodeport
from pg_dist_node as n
where
    n.groupid = 0
    and n.noderole = 'primary'
    and (
        select l.groupid from pg_dist_local_group as l
    ) <> 0;

-- name: database
select d.datname, pg_encoding_to_char(d.encoding), d.datcollate, d.datctype
from pg_database as d
where d.datname = current_database();

-- name: database_settings
select s.setconfig
from pg_db_role_setting as s
join pg_database as d on d.oid = s.setdatabase
where s.setrole = 0 and d.datname = current_database();

-- name: distributed_functions
select d.objid::bigint from pg_dist_object as d
where d.classid = 'pg_proc'::regclass;

-- name: distributed_tables
-- Tables that a cluster distributes, from their classes; no cluster is needed.
select p.name
from core.placement as p
where p.class = 'distributed'
order by p.name;

-- name: entries
-- Nodes with the number of tenants that are at home there, the coordinator first.
select
    n.nodeid as node,
    n.nodename as host,
    n.nodeport as port,
    n.groupid = 0 as is_coordinator,
    count(h.node) as tenants
from pg_dist_node as n
left join (
    select at.node
    from core.tenant as t
    cross join lateral core.home_of(t.tenant_id) as at
) as h on h.node = n.nodeid
where n.noderole = 'primary'
group by n.nodeid, n.nodename, n.nodeport, n.groupid
order by n.groupid <> 0, n.nodeid;

-- name: extensions
-- Extensions that the nodes need before the objects that use them.
select e.extname, n.nspname
from pg_extension as e
join pg_namespace as n on n.oid = e.extnamespace
where e.extname not in ('plpgsql', 'citus', 'citus_columnar')
order by e.extname;

-- name: failed_moves
-- Moves that failed or are tried again, and shards that a failed move left behind.
select
    format('the %s of job %s is %s: %s', j.job_type, j.job_id, t.status, coalesce(nullif(t.message, ''), 'no message')) as problem,
    'Correct the cause; stop it with: select citus_rebalance_stop()' as remedy
from pg_dist_background_job as j
join pg_dist_background_task as t on t.job_id = j.job_id
where t.status = 'error' or (t.status = 'runnable' and t.retry_count > 0)
union all
select format('a failed move left %s objects behind.', count(*)), 'Run on the coordinator: call citus_cleanup_orphaned_resources()'
from pg_dist_cleanup
where
    not exists (
        select from pg_dist_background_job as j
        where j.state = 'running'
    )
having count(*) > 0;

-- name: faults
-- Properties of tables that Citus refuses, or that `undo` could not reverse. The rules in policies/rules check the same on
-- plain Postgres, with the bodies of functions.
with distributed as (
    select p.relation, p.name
    from core.placement as p
    where p.class = 'distributed'
)

select p.name, 'is in no class; list it in core.placement with a reason, or give it tenant_id' as problem
from core.placement as p
where p.class is null
union all
select p.name, format('policy %s contains a sub-select, which Citus does not support on distributed tables', y.polname)
from core.placement as p
join pg_policy as y on y.polrelid = p.relation
where p.class in ('distributed', 'reference') and concat(y.polqual::text, y.polwithcheck::text) like '%SUBLINK%'
union all
select p.name, format('policy %s is restrictive, and Citus makes it a permissive one on the nodes', y.polname)
from core.placement as p
join pg_policy as y on y.polrelid = p.relation and not y.polpermissive
where p.class in ('distributed', 'reference')
union all
select d.name, format('column %s is an identity column, which undo cannot bring back; use a sequence as its default', a.attname)
from distributed as d
join pg_attribute as a on a.attrelid = d.relation and a.attidentity <> '' and not a.attisdropped
union all
select d.name, format('index %s is unique without tenant_id', x.indexrelid::regclass)
from distributed as d
join pg_index as x on x.indrelid = d.relation and (x.indisunique or x.indisexclusion)
where
    not exists (
        select 1 from pg_attribute as a
        where a.attrelid = d.relation and a.attname = 'tenant_id' and a.attnum = any(x.indkey)
    )
union all
select p.name, format('has the trigger %s, which Citus refuses on its tables', t.tgname)
from core.placement as p
join pg_trigger as t on t.tgrelid = p.relation and not t.tgisinternal
where p.class in ('distributed', 'reference')
union all
select
    c.name,
    format('refers to %s by the foreign key %s, which is impossible from a %s table to a %s table', t.name, f.conname, c.class, t.class)
from pg_constraint as f
join core.placement as c on c.relation = f.conrelid
join core.placement as t on t.relation = f.confrelid
where
    f.contype = 'f' and f.conparentid = 0
    and (c.class, t.class) in (('distributed', 'local'), ('reference', 'local'), ('reference', 'distributed'), ('local', 'distributed'))
order by 1, 2;

-- name: foreign_keys
select distinct f.conrelid::bigint, f.confrelid::bigint
from pg_constraint as f
where f.contype = 'f' and f.conparentid = 0 and f.conrelid <> f.confrelid;

-- name: foreign_objects
-- Relations in the database of a node that is to join: a node begins empty.
select string_agg(c.oid::regclass::text, ', ' order by c.oid)
from (
    select c.oid
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where
        c.relkind in ('r', 'p', 'v', 'm')
        and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
        and not exists (
            select from pg_depend as d
            where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
        )
    order by c.oid
    limit 3
) as c;

-- name: functions
-- Functions and procedures of our schemas, with the reason why one stays on the coordinator: a node without a local table
-- can neither run nor create a function that names it, unless the function calls core.ask_coordinator.
select
    p.oid::bigint as function,
    format('%s.%s(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as name,
    format(
        '%I.%I(%s)', n.nspname, p.proname,
        (
            select string_agg(format_type(a.type, null), ', ' order by a.place)
            from unnest(p.proargtypes) with ordinality as a (type, place)
        )
    ) as signature,
    (
        select min(l.reason) from core.local_relation as l
        where
            p.prosrc !~ '\m(core\.ask_coordinator|run_command_on_coordinator)\M'
            and (
                concat(p.prosrc, pg_get_function_sqlbody(p.oid)) ~ format('\m%s\M', replace(l.name, '.', '\.'))
                or exists (
                    select 1 from pg_type as t
                    where
                        t.typrelid = l.relation
                        and (t.oid = any(p.proargtypes || p.prorettype) or t.typarray = any(p.proargtypes || p.prorettype))
                )
            )
    ) as local_reason
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
where pg_get_userbyid(n.nspowner) = 'stanchion_owner' and p.prokind in ('f', 'p')
order by n.nspname, p.proname, signature;

-- name: grants
-- Rights on our schemas, their relations, columns, functions and types, and on the database, as one grant per line. The
-- difference between two nodes is the difference between their lines.
with space as (
    select n.*
    from pg_namespace as n
    where pg_get_userbyid(n.nspowner) = 'stanchion_owner'
),

object as (
    select
        'database ' || quote_ident(d.datname) as name,
        null as attribute,
        coalesce(d.datacl, acldefault('d', d.datdba)) as acl
    from pg_database as d
    where d.datname = current_database()
    union all
    select 'schema ' || quote_ident(s.nspname), null, coalesce(s.nspacl, acldefault('n', s.nspowner))
    from space as s
    union all
    select
        format('%s %I.%I', case c.relkind when 'S' then 'sequence' else 'table' end, s.nspname, c.relname),
        null,
        coalesce(c.relacl, case c.relkind when 'S' then acldefault('s', c.relowner) else acldefault('r', c.relowner) end)
    from space as s
    join pg_class as c on c.relnamespace = s.oid and c.relkind in ('r', 'p', 'v', 'm', 'S')
    union all
    select format('table %I.%I', s.nspname, c.relname), quote_ident(a.attname), a.attacl
    from space as s
    join pg_class as c on c.relnamespace = s.oid and c.relkind in ('r', 'p', 'v', 'm')
    join pg_attribute as a on a.attrelid = c.oid and a.attacl is not null and not a.attisdropped
    union all
    select
        format(
            '%s %I.%I(%s)', case p.prokind when 'p' then 'procedure' else 'function' end, s.nspname, p.proname,
            (
                select string_agg(format_type(a.type, null), ', ' order by a.place)
                from unnest(p.proargtypes) with ordinality as a (type, place)
            )
        ),
        null,
        coalesce(p.proacl, acldefault('f', p.proowner))
    from space as s
    join pg_proc as p on p.pronamespace = s.oid and p.prokind in ('f', 'p')
)

select
    o.name as object,
    format('%s%s', a.privilege_type, ' (' || o.attribute || ')') as privilege,
    case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee,
    a.is_grantable
from object as o
cross join lateral aclexplode(o.acl) as a
where a.privilege_type <> 'MAINTAIN'
order by 1, 2, 3;

-- name: groups
-- Groups of the nodes, with their addresses; group 0 is the coordinator.
select n.groupid, n.nodename, n.nodeport
from pg_dist_node as n
where n.noderole = 'primary';

-- name: has_node
select exists(
    select from pg_dist_node as n
    where n.nodename = %(host)s and n.nodeport = %(port)s
);

-- name: home
-- Address of the home of a tenant; no row at that node itself and on plain Postgres.
select h.host, h.port
from core.home_of(%(tenant)s) as h
where not core.is_at_home(%(tenant)s);

-- name: homes
-- Addresses of the nodes that are the home of tenants, or may become so by a move.
select
    n.nodename,
    n.nodeport
from pg_dist_node as n
cross join core.cluster as c
where
    n.noderole = 'primary'
    and case
        when c.entry = 'coordinator' then n.groupid = 0
        else n.shouldhaveshards or n.groupid in (
            select p.groupid
            from pg_dist_shard as s
            join pg_dist_placement as p on p.shardid = s.shardid
            where s.logicalrelid = 'core.event_stream'::regclass
        )
    end
order by n.nodeid;

-- name: inactive_nodes
select n.nodename, n.nodeport from pg_dist_node as n
where not n.isactive or not n.metadatasynced
order by n.nodeid;

-- name: is_cluster
-- Returns whether the database is distributed over the nodes of a cluster.
select
    exists(
        select 1 from core.cluster as c
        where c.state = 'distributed'
    ) as is_cluster;

-- name: is_restricted
-- Whether core.restrict_server took the advisory locks of Postgres from the public in this database.
select not exists (
    select 1
    from pg_proc as p
    cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
    where p.oid = 'pg_catalog.pg_advisory_lock(bigint)'::regprocedure and a.grantee = 0
);

-- name: keep_tables
-- Removes the dependency of our tables on the extension, with which Citus lets the extension take its tables along.
delete from pg_depend as d
using pg_dist_partition as p
where
    d.classid = 'pg_class'::regclass and d.objid = p.logicalrelid and d.deptype = 'n'
    and d.refclassid = 'pg_extension'::regclass
    and d.refobjid = (
        select e.oid from pg_extension as e
        where e.extname = 'citus'
    );

-- name: left_prepared
-- Prepared transactions of this database that no running commit owns any more.
select count(*)
from pg_prepared_xacts as p
where p.database = current_database() and p.prepared < clock_timestamp() - interval '1 minute';

-- name: local_bytes
-- Bytes of a table in the files of this node: its own or those of its partitions, not those of its shards.
select pg_relation_size(%(relation)s::oid::regclass) + coalesce(sum(pg_relation_size(t.relid)), 0)::bigint
from pg_partition_tree(%(relation)s::oid::regclass) as t
where t.isleaf and t.relid <> %(relation)s::oid;

-- name: local_names
-- Names of the tables and views that only the coordinator has.
select distinct l.name
from core.local_relation as l
order by l.name;

-- name: local_relations
-- Relations beside tables and views that only the coordinator has: materialized views, and sequences that are not a
-- default of a distributed table and not in the query sequences.
select r.name
from core.own_relation as r
where
    r.kind = 'materialized view' or r.name = 'landing.load_id'
order by r.name;

-- name: logged_tables
-- Tables that a cluster command made logged and that are still logged.
select distinct s.object as name
from core.cluster_step as s
join core.own_relation as r on r.name = s.object
join pg_class as c on c.oid = r.relation
where s.step = 'logged' and c.relpersistence = 'p'
order by 1;

-- name: memberships
-- Memberships among the roles that a node needs, with their options; Postgres 15 has only the admin option.
select
    pg_get_userbyid(m.roleid) as role,
    pg_get_userbyid(m.member) as member,
    m.admin_option as is_admin,
    (to_jsonb(m) ->> 'inherit_option')::boolean as inherits,
    (to_jsonb(m) ->> 'set_option')::boolean as can_set
from pg_auth_members as m
join pg_roles as r on r.oid = m.member
where pg_get_userbyid(m.roleid) = any(%(roles)s) and (pg_get_userbyid(m.member) = any(%(roles)s) and not r.rolsuper)
order by 1, 2;

-- name: moves
-- The last moves of shards and rebalances, with their errors.
select
    j.job_id as job,
    j.description,
    j.state::text as state,
    j.started_at,
    j.finished_at,
    (
        select string_agg(distinct nullif(t.message, ''), '; ') from pg_dist_background_task as t
        where t.job_id = j.job_id
    ) as messages
from pg_dist_background_job as j
order by j.job_id desc
limit 10;

-- name: names_address
-- Returns whether the record of the cluster contains an address.
select count(*) > 0 as is_named
from core.cluster as c
where %(address)s = any(array_append(c.nodes, c.coordinator));

-- name: nodes
-- Nodes with their tenants, shards of the anchor table, and bytes of all shards.
select
    format('%s:%s', n.nodename, n.nodeport) as node,
    case when n.groupid = 0 then 'coordinator' else 'worker' end as role,
    n.isactive as is_active,
    (
        select count(*)
        from core.tenant as t
        join pg_dist_placement as p on p.shardid = get_shard_id_for_distribution_column('core.event_stream', t.tenant_id)
        where p.groupid = n.groupid
    ) as tenants,
    (
        select count(*)
        from pg_dist_shard as s
        join pg_dist_placement as p on p.shardid = s.shardid
        where s.logicalrelid = 'core.event_stream'::regclass and p.groupid = n.groupid
    ) as shards,
    (
        select count(*)
        from pg_dist_placement as p
        where p.groupid = n.groupid
    ) as shard_tables,
    (
        select pg_size_pretty(sum(s.shard_size)) from citus_shards as s
        where s.nodename = n.nodename and s.nodeport = n.nodeport
    ) as size
from pg_dist_node as n
where n.noderole = 'primary'
order by n.groupid;

-- name: numbered_columns
-- Columns of distributed tables that default to a sequence. Each node has a range of its own.
select
    p.name as table_name,
    a.attname::text as column_name,
    format('%s.%s', n.nspname, s.relname) as sequence
from core.placement as p
join pg_attribute as a on a.attrelid = p.relation
join pg_attrdef as f on f.adrelid = a.attrelid and f.adnum = a.attnum
join pg_depend as d on d.classid = 'pg_attrdef'::regclass and d.objid = f.oid and d.refclassid = 'pg_class'::regclass
join pg_class as s on s.oid = d.refobjid and s.relkind = 'S'
join pg_namespace as n on n.oid = s.relnamespace
where p.class = 'distributed'
order by 1, 2;

-- name: other_nodes
-- Addresses of the nodes other than this one.
select n.nodename, n.nodeport
from pg_dist_node as n
where
    n.noderole = 'primary'
    and n.groupid <> (
        select l.groupid from pg_dist_local_group as l
    )
order by n.nodeid;

-- name: own_group
-- Group of this node; null where the database is not part of a cluster. A new extension has group 0 and knows no node.
select l.groupid
from pg_dist_local_group as l
where exists (select from pg_dist_node);

-- name: partitions
-- Partitions of our tables, with the tables that they belong to.
select format('%s of %s.%s', c.relname, pn.nspname, p.relname)
from pg_inherits as i
join pg_class as c on c.oid = i.inhrelid and c.relispartition
join pg_class as p on p.oid = i.inhparent and p.relkind = 'p'
join pg_namespace as pn on pn.oid = p.relnamespace
where
    pg_get_userbyid(pn.nspowner) = 'stanchion_owner'
    and format(
        '%s.%s', pn.nspname, p.relname) not in (
        select t.name from core.placement as t
        where t.class = 'local'
    );

-- name: prepared
select count(*)
from pg_prepared_xacts as p
where p.database = current_database();

-- name: protected
-- Distributed tables and partitions as this node has them, and its shards: row-level security, owner, rights, policies.
with shared as (
    select p.logicalrelid as relation, p.logicalrelid as object
    from pg_dist_partition as p
    union all
    select
        s.logicalrelid,
        -- a node that has lost a table still knows its shards
        case
            when s.logicalrelid in (select t.oid from pg_class as t) then to_regclass(shard_name(s.logicalrelid, s.shardid))
        end
    from pg_dist_shard as s
)

select
    format('%s.%s', tn.nspname, t.relname) as table,
    format('%s.%s', n.nspname, c.relname) as name,
    pg_get_userbyid(c.relowner)::text as owner,
    c.relrowsecurity as is_secure,
    c.relforcerowsecurity as is_forced,
    array(
        select format('%s of %s%s', g.privilege, g.grantee, case when g.is_grantable then ' with grant option' else '' end)
        from (
            select
                a.privilege_type as privilege,
                case when a.grantee = 0 then 'public' else pg_get_userbyid(a.grantee)::text end as grantee,
                a.is_grantable
            from aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) as a
            union all
            select
                format('%s (%I)', a.privilege_type, col.attname),
                case when a.grantee = 0 then 'public' else pg_get_userbyid(a.grantee)::text end,
                a.is_grantable
            from pg_attribute as col
            cross join lateral aclexplode(col.attacl) as a
            where col.attrelid = c.oid and col.attacl is not null and not col.attisdropped
        ) as g
        order by 1
    ) as rights,
    array(
        select
            format(
                '%s (%s for %s to %s using %s with check %s)',
                p.polname,
                case when p.polpermissive then 'permissive' else 'restrictive' end,
                p.polcmd,
                (select string_agg(case r.oid when 0 then 'public' else pg_get_userbyid(r.oid) end, ', ' order by 1) from unnest(p.polroles) as r (oid)),
                pg_get_expr(p.polqual, p.polrelid),
                pg_get_expr(p.polwithcheck, p.polrelid)
            )
        from pg_policy as p
        where p.polrelid = c.oid
        order by 1
    ) as policies
from shared as s
join pg_class as t on t.oid = s.relation
join pg_namespace as tn on tn.oid = t.relnamespace
join pg_class as c on c.oid = s.object
join pg_namespace as n on n.oid = c.relnamespace
order by 1, 2;

-- name: other_is_distributed
-- Whether another database of this server is distributed: it has a setting that `cluster run` makes.
select exists(
    select 1
    from pg_db_role_setting as s
    join pg_database as d on d.oid = s.setdatabase
    where s.setrole = 0 and d.datname <> %(database)s and 'citus.propagate_set_commands=local' = any(s.setconfig)
);

-- name: rename_address
-- Replaces an address in the record of the cluster.
update core.cluster as c
set
    nodes = array_replace(c.nodes, %(old)s, %(new)s),
    coordinator = case when c.coordinator = %(old)s then %(new)s else c.coordinator end;

-- name: role_names
-- Names of the roles that each node needs: the query roles without passwords, which only superusers read.
with recursive ours (oid) as (
    select r.oid
    from pg_roles as r
    where r.rolname = any(%(roles)s)
    union
    select m.member
    from ours as o
    join pg_auth_members as m on m.roleid = o.oid
)

select r.rolname::text
from pg_roles as r
where r.oid in (select o.oid from ours as o) and not r.rolsuper
order by 1;

-- name: role_settings
-- Settings of roles, for every database and for this one. A value that is a list of names keeps its quotes.
select
    pg_get_userbyid(s.setrole)::text as role,
    s.setdatabase <> 0 as of_database,
    split_part(c.text, '=', 1) as name,
    substr(c.text, strpos(c.text, '=') + 1) as value,
    split_part(c.text, '=', 1) in (
        'search_path', 'temp_tablespaces', 'session_preload_libraries', 'local_preload_libraries', 'DateStyle'
    ) as is_list
from pg_db_role_setting as s
cross join lateral unnest(s.setconfig) as c (text)
where
    pg_get_userbyid(s.setrole) = any(%(roles)s)
    and (s.setdatabase = 0 or s.setdatabase = (
        select d.oid from pg_database as d
        where d.datname = current_database()
    ))
order by 1, 2, 3;

-- name: roles
-- Roles that each node needs: ours, their members through any number of roles, and every role with a right on our objects.
with recursive ours (oid) as (
    select r.oid
    from pg_roles as r
    where r.rolname = any(%(roles)s)
    union
    select m.member
    from ours as o
    join pg_auth_members as m on m.roleid = o.oid
)

select
    a.rolname::text as name,
    format(
        '%%s %%s %%s %%s %%s %%s connection limit %%s%%s%%s',
        case when a.rolcanlogin then 'login' else 'nologin' end,
        case when a.rolinherit then 'inherit' else 'noinherit' end,
        case when a.rolcreaterole then 'createrole' else 'nocreaterole' end,
        case when a.rolcreatedb then 'createdb' else 'nocreatedb' end,
        case when a.rolbypassrls then 'bypassrls' else 'nobypassrls' end,
        case when a.rolreplication then 'replication' else 'noreplication' end,
        a.rolconnlimit,
        ' valid until ' || quote_literal(a.rolvaliduntil),
        ' password ' || quote_literal(a.rolpassword)
    ) as attributes
from pg_authid as a
where a.oid in (select o.oid from ours as o) and not a.rolsuper
order by 1;

-- name: running_loads
select count(*) from landing.load_batch as b
where b.state = 'running';

-- name: sequence_properties
select
    format('%%s.%%s', s.schemaname, s.sequencename) as name,
    s.data_type::text as type,
    s.increment_by as increment,
    s.min_value as min,
    s.max_value as max,
    s.start_value as start,
    s.cache_size as cache,
    s.last_value as last
from pg_sequences as s
where format('%%s.%%s', s.schemaname, s.sequencename) = any(%(names)s)
order by 1;

-- name: sequences
-- Sequences that each node has on its own, because a function reads them and no column defaults to them. The numbers of
-- loads are one sequence of the coordinator.
select r.name
from core.own_relation as r
where
    r.kind = 'sequence'
    and r.schema_name not in ('marts', 'staging', 'mart_parts')
    and r.name <> 'landing.load_id'
    and not exists (
        select 1 from pg_depend as d
        where
            d.refclassid = 'pg_class'::regclass and d.refobjid = r.relation
            and d.classid in ('pg_attrdef'::regclass, 'pg_class'::regclass)
    )
    and not exists (
        select 1 from pg_depend as d
        where d.classid = 'pg_class'::regclass and d.objid = r.relation and d.deptype in ('a', 'i')
    )
order by r.name;

-- name: server_problems
-- Properties of a server that a cluster needs otherwise, one sentence each.
select format('%s is %s, and a cluster needs %s; set it and restart the server.', s.name, s.setting, w.text) as problem
from (
    values
    ('wal_level', '^logical$', 'logical to move shards'),
    ('max_prepared_transactions', '^[1-9]', 'more than 0 to commit on several nodes'),
    ('shared_preload_libraries', '\mcitus\M', 'citus at its beginning')
) as w (name, pattern, text)
join pg_settings as s on s.name = w.name
where s.setting !~ w.pattern
union all
select 'does not have the extension citus; install it.'
where
    not exists (
        select from pg_available_extensions as a
        where a.name = 'citus'
    )
union all
select format('%s is not a superuser, and only a superuser creates the extension and the roles.', current_user)
where not current_setting('is_superuser')::boolean
union all
select 'is a replica; connect to its primary.'
where pg_is_in_recovery()
order by 1;

-- name: set_address
-- Sets the address of the node in a group.
select citus_update_node(n.nodeid, %(host)s, %(port)s)
from pg_dist_node as n
where n.groupid = %(group_id)s and n.noderole = 'primary';

-- name: set_coordinator
-- Sets the address of the coordinator.
select citus_set_coordinator_host(%(host)s, %(port)s);

-- name: shard_table_limit
select t.threshold::bigint from ops.threshold as t
where t.name = 'shard_tables';

-- name: shards
-- Shards of our tables, partitions excluded: a shard of a partitioned table contains its partitions. One copy of each
-- reference table, at the coordinator when that has one.
select distinct on (s.shardid)
    s.logicalrelid::oid::bigint as relation,
    format('%s.%s_%s', n.nspname, c.relname, s.shardid) as name,
    d.nodename,
    d.nodeport,
    d.groupid = 0 as is_local
from pg_dist_shard as s
join pg_class as c on c.oid = s.logicalrelid
join pg_namespace as n on n.oid = c.relnamespace
join pg_dist_placement as p on p.shardid = s.shardid
join pg_dist_node as d on d.groupid = p.groupid and d.noderole = 'primary'
where not c.relispartition
order by s.shardid, d.groupid;

-- name: stored_columns
select a.attname
from pg_attribute as a
where a.attrelid = %(relation)s and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
order by a.attnum;

-- name: tables
-- Tables with their classes and the properties that matter to a cluster.
select
    p.relation::bigint,
    p.name,
    p.class as type,
    p.reason,
    c.relpersistence = 'u' as is_unlogged,
    case when c.relkind = 'p' then (
        select count(*) from pg_partition_tree(p.relation) as t
        where t.isleaf
    ) else 0 end as partitions
from core.placement as p
join pg_class as c on c.oid = p.relation
order by p.name;

-- name: tables_by_class
select
    case p.partmethod when 'n' then 'reference' else 'distributed' end as class,
    count(distinct p.logicalrelid) filter (where not c.relispartition) as tables,
    count(distinct p.logicalrelid) filter (where c.relispartition) as partitions,
    count(s.shardid) as shard_tables
from pg_dist_partition as p
join pg_class as c on c.oid = p.logicalrelid
left join pg_dist_shard as s on s.logicalrelid = p.logicalrelid
group by 1
order by 1;

-- name: undo_refusals
-- Reasons why the cluster cannot be undone now.
select format('%s is distributed and is not a table of Stanchion; undistribute or drop it.', p.logicalrelid) as reason
from pg_dist_partition as p
join pg_class as c on c.oid = p.logicalrelid
join pg_namespace as n on n.oid = c.relnamespace
where pg_get_userbyid(n.nspowner) not in ('stanchion_owner', 'stanchion_builder')
union all
select format('a move or rebalance is %s (job %s); wait for it, or run: select citus_rebalance_stop()', j.state, j.job_id)
from pg_dist_background_job as j
where j.state in ('scheduled', 'running', 'cancelling', 'failing')
union all
select format('%s prepared transactions are left here; run: select recover_prepared_transactions()', count(*))
from pg_prepared_xacts as p
where p.database = current_database()
having count(*) > 0
union all
select format('%s loads are running; wait until they have finished.', count(*))
from landing.load_batch as b
where b.state = 'running'
having count(*) > 0;

-- name: views
-- Views of our schemas in the order of their creation, with the reason why one stays on the coordinator.
select
    r.relation::bigint,
    r.name,
    format(
        'create or replace view %s with (%s) as %s',
        r.relation::regclass, coalesce(array_to_string(c.reloptions, ', '), 'security_invoker = false'), pg_get_viewdef(r.relation)
    ) as statement,
    (
        select min(l.reason) from core.local_relation as l
        where l.relation = r.relation
    ) as local_reason
from core.own_relation as r
join pg_class as c on c.oid = r.relation
where r.kind = 'view' and r.schema_name not in ('marts', 'staging', 'mart_parts')
order by r.relation;

-- name: plan_modes
-- Functions with a mode of the plan cache other than that of a cluster.
select f.name, split_part(s.setting, '=', 2) as mode
from core.own_function as f
cross join lateral unnest(f.settings) as s (setting)
where s.setting like 'plan\_cache\_mode=%' and s.setting <> 'plan_cache_mode=force_custom_plan'
order by f.name;

-- name: former_plan_modes
-- Functions whose mode of the plan cache was changed, with the mode before the last change.
select f.name, m.mode
from core.own_function as f
cross join
    lateral (
        select split_part(s.object, ': ', 2) as mode
        from core.cluster_step as s
        where s.step = 'plans' and split_part(s.object, ': ', 1) = f.name
        order by s.step_id desc
        limit 1
    ) as m
where 'plan_cache_mode=force_custom_plan' = any(f.settings)
order by f.name;
