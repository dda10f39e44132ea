-- name: catalog
-- The catalog as lines of text: (kind, name, detail), the same on Postgres 15 to 18.
--
-- It contains the objects in the schemas of stanchion_owner, without partitions, which come and go, and without the
-- relations that dbt builds in marts. NOT NULL belongs to its column, since only Postgres 18 has it as a constraint. It
-- also contains what acts on these objects from outside: event triggers, publications and subscriptions.
with space as (
    select n.oid, n.nspname, n.nspowner, n.nspacl
    from pg_namespace as n
    where
        n.nspowner = to_regrole('stanchion_owner')
        or (n.nspname in ('marts', 'staging', 'mart_parts') and to_regrole('stanchion_builder') = n.nspowner)
        -- a schema with our tables whose owner was changed by hand
        or (n.nspname !~ '^(pg_|public$)' and exists (
            select from pg_class as c
            where c.relnamespace = n.oid and c.relowner = to_regrole('stanchion_owner')
        ))
),

relation as (
    select c.*, format('%s.%s', s.nspname, c.relname) as name
    from pg_class as c
    join space as s on s.oid = c.relnamespace
    where s.nspname not in ('parts', 'expired_parts', 'marts', 'staging', 'mart_parts') and not c.relispartition and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
),

-- 15 qualifies the columns of a sole relation where 16 does not: those of the first one lose their qualifier
view_body as (
    select
        t.oid,
        regexp_replace(
            t.body,
            format('\m%s\.(?=\w)|\s', coalesce(t.first[2], regexp_replace(t.first[1], '.*\.', ''), '$^')),
            '', 'g'
        ) as body
    from (
        select
            r.oid,
            pg_get_viewdef(r.oid) as body,
            regexp_match(pg_get_viewdef(r.oid), '\n   FROM \(*([\w.]+)(?:\(\))?(?: (\w+))?') as first
        from relation as r
        where r.relkind in ('v', 'm')
    ) as t
),

routine as (
    select
        p.*,
        format('%s.%s(%s)', s.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as name
    from pg_proc as p
    join space as s on s.oid = p.pronamespace
    where s.nspname not in ('parts', 'expired_parts', 'marts', 'staging', 'mart_parts')
),

privilege as (
    select 'schema' as kind, s.nspname::text as name, s.nspowner as owner, s.nspacl as acl from space as s
    union all
    select 'relation', r.name, r.relowner, r.relacl from relation as r
    union all
    select 'column', format('%s.%s', r.name, a.attname), r.relowner, a.attacl
    from relation as r
    join pg_attribute as a on a.attrelid = r.oid
    union all
    select 'function', f.name, f.proowner, coalesce(f.proacl, acldefault('f', f.proowner)) from routine as f
    union all
    select 'type', format('%s.%s', s.nspname, t.typname), t.typowner, t.typacl
    from pg_type as t
    join space as s on s.oid = t.typnamespace
    where s.nspname not in ('parts', 'expired_parts', 'marts', 'staging', 'mart_parts')
    union all
    select 'default of ' || pg_get_userbyid(d.defaclrole) || ' for', d.defaclobjtype::text, d.defaclrole, d.defaclacl
    from pg_default_acl as d
    where pg_get_userbyid(d.defaclrole) like 'stanchion\_%'
)

select 'schema' as kind, s.nspname::text as name, 'owner ' || pg_get_userbyid(s.nspowner) as detail
from space as s

union all
select
    'role',
    r.rolname::text,
    concat_ws(
        ' ',
        case when r.rolcanlogin then 'login' else 'nologin' end,
        case when r.rolsuper then 'superuser' end,
        case when r.rolbypassrls then 'bypassrls' end,
        case when r.rolcreaterole then 'createrole' end,
        case when r.rolcreatedb then 'createdb' end,
        case when r.rolreplication then 'replication' end,
        case when not r.rolinherit then 'noinherit' end,
        'with ' || (
            select string_agg(c.text, ' ' order by c.text)
            from pg_db_role_setting as d
            cross join lateral unnest(d.setconfig) as c (text)
            where d.setrole = r.oid and d.setdatabase = 0
        ),
        'in ' || (
            select string_agg(pg_get_userbyid(m.roleid), ', ' order by pg_get_userbyid(m.roleid))
            from pg_auth_members as m
            where m.member = r.oid
        )
    )
from pg_roles as r
where
    r.rolname in (
        'stanchion_owner', 'stanchion_app', 'stanchion_loader', 'stanchion_builder', 'stanchion_analyst', 'stanchion_worker',
        'stanchion_dba'
    )

union all
select
    case r.relkind
        when 'r' then 'table' when 'p' then 'table' when 'v' then 'view' when 'm' then 'materialized view'
        when 'S' then 'sequence' else 'foreign table'
    end,
    r.name,
    concat_ws(
        ', ',
        'owner ' || pg_get_userbyid(r.relowner),
        case r.relpersistence when 'u' then 'unlogged' end,
        'partitioned by ' || case when r.relkind = 'p' then pg_get_partkeydef(r.oid) end,
        case when r.relrowsecurity then 'row level security' end,
        case when r.relforcerowsecurity then 'forced' end,
        'with ' || array_to_string(r.reloptions, ' '),
        case r.relreplident when 'n' then 'no replica identity' when 'f' then 'full replica identity' when 'i' then 'index as replica identity' end,
        'tablespace ' || (
            select t.spcname from pg_tablespace as t
            where t.oid = r.reltablespace
        ),
        'by ' || q.seqincrement || ' from ' || q.seqstart || ' within ' || q.seqmin || ' to ' || q.seqmax || ' cache ' || q.seqcache,
        case when q.seqcycle then 'cycle' end,
        'body ' || left(md5(v.body), 12)
    )
from relation as r
left join view_body as v on v.oid = r.oid
left join pg_sequence as q on q.seqrelid = r.oid

union all
select
    'column',
    format('%s.%s', r.name, a.attname),
    concat_ws(
        ' ',
        format_type(a.atttypid, a.atttypmod),
        case when a.attnotnull then 'not null' end,
        case a.attidentity when 'a' then 'always identity' when 'd' then 'identity' end,
        case a.attgenerated when 's' then 'generated' when 'v' then 'generated virtual' when '' then 'default' end
        || ' ' || pg_get_expr(d.adbin, d.adrelid),
        'collate ' || case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text end,
        'statistics ' || nullif(a.attstattarget, -1),
        -- minor versions of 15 and later keep a number of their own there
        'with ' || (
            select string_agg(o.option, ' ' order by o.option) from unnest(a.attoptions) as o (option)
            where o.option not like 'pg\_attver=%'
        ),
        case when col_description(r.oid, a.attnum) like 'Personal:%' then 'personal' end
    )
from relation as r
join pg_attribute as a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
join pg_type as t on t.oid = a.atttypid
left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
where r.relkind <> 'S'

union all
select
    'constraint',
    format('%s.%s', r.name, c.conname),
    pg_get_constraintdef(c.oid)
from relation as r
join pg_constraint as c on c.conrelid = r.oid and c.contype <> 'n'

union all
select
    'index',
    format('%s.%s', r.name, i.relname),
    concat_ws(
        ' ',
        regexp_replace(pg_get_indexdef(x.indexrelid), '^CREATE ', ''),
        case when not (x.indisvalid and x.indisready and x.indislive) then 'INVALID' end
    )
from relation as r
join pg_index as x on x.indrelid = r.oid
join pg_class as i on i.oid = x.indexrelid
where
    not exists (
        select from pg_constraint as c
        where c.conindid = x.indexrelid and c.contype in ('p', 'u', 'x')
    )

union all
select
    'trigger',
    format('%s.%s', r.name, t.tgname),
    pg_get_triggerdef(t.oid) || case t.tgenabled when 'O' then '' else ' disabled ' || t.tgenabled::text end
from relation as r
join pg_trigger as t on t.tgrelid = r.oid and not t.tgisinternal

union all
select
    'rule',
    format('%s.%s', r.name, w.rulename),
    pg_get_ruledef(w.oid) || case w.ev_enabled when 'O' then '' else ' disabled ' || w.ev_enabled::text end
from relation as r
join pg_rewrite as w on w.ev_class = r.oid and w.rulename <> '_RETURN'

union all
select
    'policy',
    format('%s.%s', r.name, p.polname),
    concat_ws(
        ' ',
        case when not p.polpermissive then 'restrictive' end,
        'for ' || case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
        'to ' || coalesce(
            (
                select string_agg(pg_get_userbyid(o.oid), ', ' order by pg_get_userbyid(o.oid)) from unnest(p.polroles) as o (oid)
                where o.oid <> 0
            ),
            'public'
        ),
        'using ' || pg_get_expr(p.polqual, p.polrelid),
        'check ' || pg_get_expr(p.polwithcheck, p.polrelid)
    )
from relation as r
join pg_policy as p on p.polrelid = r.oid

union all
select
    case f.prokind when 'p' then 'procedure' when 'a' then 'aggregate' when 'w' then 'window' else 'function' end,
    f.name,
    concat_ws(
        ', ',
        'returns ' || pg_get_function_result(f.oid),
        l.lanname,
        case f.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
        case f.proparallel when 's' then 'parallel safe' when 'r' then 'parallel restricted' else 'parallel unsafe' end,
        case when f.prosecdef then 'security definer' end,
        case when f.proleakproof then 'leakproof' end,
        case when f.proisstrict then 'strict' end,
        'cost ' || nullif(f.procost, case when l.lanname in ('c', 'internal') then 1 else 100 end),
        'rows ' || nullif(f.prorows, case when f.proretset then 1000 else 0 end),
        'support ' || nullif(f.prosupport::oid, 0)::regproc,
        'defaults ' || pg_get_expr(f.proargdefaults, 0),
        array_to_string(f.proconfig, ' '),
        'owner ' || pg_get_userbyid(f.proowner),
        'body ' || left(md5(coalesce(regexp_replace(pg_get_function_sqlbody(f.oid), '\s', '', 'g'), f.prosrc)), 12)
    )
from routine as f
join pg_language as l on l.oid = f.prolang

union all
select
    'type',
    format('%s.%s', s.nspname, t.typname),
    concat_ws(
        ' ',
        case t.typtype when 'e' then 'enum' when 'd' then 'domain' when 'c' then 'composite' else t.typtype::text end,
        (
            select string_agg(e.enumlabel, ', ' order by e.enumsortorder) from pg_enum as e
            where e.enumtypid = t.oid
        ),
        case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end,
        case when t.typtype = 'd' and t.typnotnull then 'not null' end,
        'default ' || case when t.typtype = 'd' then t.typdefault end,
        (
            select string_agg(pg_get_constraintdef(k.oid), ' ' order by k.conname) from pg_constraint as k
            where k.contypid = t.oid and k.contype <> 'n'
        ),
        (
            select string_agg(format('%s %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum) from pg_attribute as a
            where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
        ),
        'owner ' || nullif(pg_get_userbyid(t.typowner), 'stanchion_owner')
    )
from pg_type as t
join space as s on s.oid = t.typnamespace
left join pg_class as c on c.oid = t.typrelid
where
    s.nspname not in ('parts', 'expired_parts', 'marts', 'staging', 'mart_parts')
    and t.typelem = 0
    and (t.typtype in ('e', 'd', 'r') or (t.typtype = 'c' and c.relkind = 'c'))

union all
select
    o.kind,
    format('%s.%s', s.nspname, o.name),
    concat_ws(' ', o.definition, 'owner ' || pg_get_userbyid(o.owner))
from space as s
join (
    select
        'operator' as kind,
        o.oprnamespace as space,
        format('%s (%s, %s)', o.oprname, format_type(o.oprleft, null), format_type(o.oprright, null)) as name,
        o.oprcode::text as definition,
        o.oprowner as owner
    from pg_operator as o
    union all
    select 'operator class', c.opcnamespace, c.opcname, format_type(c.opcintype, null), c.opcowner
    from pg_opclass as c
    union all
    select 'collation', c.collnamespace, c.collname, c.collprovider::text, c.collowner
    from pg_collation as c
    union all
    select 'conversion', c.connamespace, c.conname, c.conproc::text, c.conowner
    from pg_conversion as c
    union all
    select 'text search configuration', c.cfgnamespace, c.cfgname, null, c.cfgowner
    from pg_ts_config as c
    union all
    select 'text search dictionary', d.dictnamespace, d.dictname, d.dictinitoption, d.dictowner
    from pg_ts_dict as d
    union all
    select 'statistics', x.stxnamespace, x.stxname, pg_get_statisticsobjdef(x.oid), x.stxowner
    from pg_statistic_ext as x
) as o on o.space = s.oid
where s.nspname not in ('parts', 'expired_parts', 'marts', 'staging', 'mart_parts')

union all
select
    'event trigger',
    t.evtname::text,
    concat_ws(
        ', ', 'on ' || t.evtevent, array_to_string(t.evttags, ' '), t.evtfoid::regprocedure::text, 'owner ' || pg_get_userbyid(t.evtowner),
        case t.evtenabled when 'O' then null else 'disabled ' || t.evtenabled::text end
    )
from pg_event_trigger as t
where
    not exists (
        select from pg_depend as d
        where d.classid = 'pg_event_trigger'::regclass and d.objid = t.oid and d.deptype = 'e'
    )

union all
-- publications of our tables, subscriptions, and subscriptions whose tables are not known
select
    'publication',
    p.pubname::text,
    concat_ws(
        ', ',
        case when p.puballtables then 'all tables' end,
        published.names,
        'owner ' || pg_get_userbyid(p.pubowner)
    )
from pg_publication as p
cross join
    lateral (
        select string_agg(o.name, ', ' order by o.name) as names
        from (
            select c.name
            from pg_publication_rel as x
            join relation as c on c.oid = x.prrelid
            where x.prpubid = p.oid
            union all
            select 'all of ' || s.nspname
            from pg_publication_namespace as x
            join space as s on s.oid = x.pnnspid
            where x.pnpubid = p.oid
            union all
            select x.prrelid::regclass::text
            from pg_publication_rel as x
            join pg_class as c on c.oid = x.prrelid
            join space as s on s.oid = c.relnamespace
            where x.prpubid = p.oid and s.nspname in ('parts', 'expired_parts', 'marts', 'staging', 'mart_parts')
        ) as o
    ) as published
where p.puballtables or published.names is not null

union all
select 'subscription', s.subname::text, 'owner ' || pg_get_userbyid(s.subowner)
from pg_subscription as s
where
    s.subdbid = (
        select d.oid from pg_database as d
        where d.datname = current_database()
    )
    and (
        not exists (
            select from pg_subscription_rel as x
            where x.srsubid = s.oid
        )
        or exists (
            select from pg_subscription_rel as x
            join pg_class as c on c.oid = x.srrelid
            join space as n on n.oid = c.relnamespace
            where x.srsubid = s.oid
        )
    )

union all
-- an owner has every right unless it revoked one; MAINTAIN is left out, since Postgres 15 does not have it
select
    'grant',
    format('%s %s to %s', p.kind, p.name, coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'public')),
    string_agg(lower(a.privilege_type) || case when a.is_grantable then ' with grant option' else '' end, ', ' order by a.privilege_type)
from privilege as p
cross join lateral aclexplode(p.acl) as a
where a.privilege_type <> 'MAINTAIN' and (a.grantee <> p.owner or p.kind like 'default%')
group by p.kind, p.name, a.grantee

union all
select
    'grant',
    format('relation %s to %s', r.name, pg_get_userbyid(r.relowner)),
    'all but ' || string_agg(lower(gone.privilege), ', ' order by gone.privilege)
from relation as r
cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) as gone (privilege)
where
    r.relkind <> 'S' and r.relacl is not null and not exists (
        select from aclexplode(r.relacl) as a
        where a.grantee = r.relowner and a.privilege_type = gone.privilege
    )
group by r.name, r.relowner

order by 1, 2, 3;

-- name: guards
-- Guard of each partitioned table, as lines of the catalog. Only the files in partitions/ write it.
select 'guard' as kind, p.relation as name, coalesce(p.guard, 'none') as detail
from core.partition_set as p;
