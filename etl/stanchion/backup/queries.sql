-- name: tables
-- Every table whose rows a dump contains. A materialized view is computed again by the restore.
select format('%I.%I', n.nspname, c.relname)
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where
    c.relkind = 'r'
    and c.relpersistence <> 't'
    and n.nspname !~ '^pg_'
    and n.nspname <> 'information_schema'
    and not exists (
        select
        from pg_depend as d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
    )
order by 1;

-- name: has_objects
-- Whether the database contains a schema, relation or routine that neither the system nor an extension made.
select
    exists (
        select from pg_namespace as n
        where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'public')
    )
    or exists (
        select
        from (
            select 'pg_class'::regclass as class, c.oid
            from pg_class as c
            where c.relnamespace = 'public'::regnamespace
            union all
            select 'pg_proc'::regclass, p.oid
            from pg_proc as p
            where p.pronamespace = 'public'::regnamespace
        ) as made
        where not exists (
            select
            from pg_depend as d
            where d.classid = made.class and d.objid = made.oid and d.deptype in ('e', 'i', 'a')
        )
    );

-- name: roles
-- The roles that a restore needs, groups before members: those that own objects of this database or have privileges on
-- them, their members, and the groups of these. Roles of the system and superusers are not dumped. `create_role` and
-- the `set` of a setting are statements without the name of a database, which can differ after the restore.
with recursive mentioned as (
    select d.refobjid as oid
    from pg_shdepend as d
    join pg_database as b on b.datname = current_database()
    where
        d.refclassid = 'pg_authid'::regclass
        and (d.dbid = b.oid or (d.classid = 'pg_database'::regclass and d.objid = b.oid))
),

downwards as (
    select m.oid
    from mentioned as m
    union
    select m.member
    from downwards as d
    join pg_auth_members as m on m.roleid = d.oid
),

needed as (
    select d.oid
    from downwards as d
    union
    select m.roleid
    from needed as n
    join pg_auth_members as m on m.member = n.oid
)

select
    r.rolname as name,
    concat_ws(
        ' ',
        format('create role %I with', r.rolname),
        case when r.rolcanlogin then 'login' else 'nologin' end,
        case when r.rolinherit then 'inherit' else 'noinherit' end,
        case when r.rolcreatedb then 'createdb' end,
        case when r.rolcreaterole then 'createrole' end,
        case when r.rolreplication then 'replication' end,
        case when r.rolbypassrls then 'bypassrls' end,
        case when r.rolconnlimit <> -1 then format('connection limit %s', r.rolconnlimit) end,
        case when r.rolvaliduntil is not null then format('valid until %L', r.rolvaliduntil) end
    ) as create_role,
    r.rolpassword as password,
    shobj_description(r.oid, 'pg_authid') as comment,
    (
        select coalesce(json_agg(json_build_object('in_database', s.setdatabase <> 0, 'set', assigned.set)), '[]')
        from pg_db_role_setting as s
        cross join lateral unnest(s.setconfig) as config (pair)
        cross join
            lateral (
                -- the value of a list contains its quotes
                select
                    format(
                        case when split_part(config.pair, '=', 1) in ('search_path', 'temp_tablespaces') then '%I to %s' else '%I to %L' end,
                        split_part(config.pair, '=', 1),
                        substr(config.pair, strpos(config.pair, '=') + 1)
                    ) as set
            ) as assigned
        where
            s.setrole = r.oid
            and s.setdatabase in (0, (
                select b.oid from pg_database as b
                where b.datname = current_database()
            ))
    ) as settings,
    (
        -- the options of a membership exist since Postgres 16, and only those that are not the default are written
        select
            coalesce(
                json_agg(
                    json_build_object(
                        'role', g.rolname,
                        'options', array_remove(
                            array[
                                case when m.admin_option then 'admin option' end,
                                case
                                    when (to_jsonb(m) ->> 'inherit_option')::boolean <> r.rolinherit
                                        then format('inherit %s', to_jsonb(m) ->> 'inherit_option')
                                end,
                                case when not (to_jsonb(m) ->> 'set_option')::boolean then 'set false' end
                            ],
                            null
                        )
                    )
                ),
                '[]'
            )
        from pg_auth_members as m
        join pg_roles as g on g.oid = m.roleid
        where m.member = r.oid
    ) as member_of
from pg_authid as r
where r.oid in (select n.oid from needed as n) and r.rolname !~ '^pg_' and not r.rolsuper
order by r.rolcanlogin, r.rolname collate "C";

-- name: superusers
-- Superusers that own objects of this database. A restore needs roles of these names.
select distinct r.rolname
from pg_shdepend as d
join pg_database as b on b.oid = d.dbid and b.datname = current_database()
join pg_roles as r on r.oid = d.refobjid
where d.refclassid = 'pg_authid'::regclass and d.deptype = 'o' and r.rolsuper
order by 1;

-- name: database
-- Grants and settings of the database itself, which are not part of its dump.
select
    pg_encoding_to_char(b.encoding) as encoding,
    (
        select
            coalesce(json_agg(json_build_object(
                'privilege', a.privilege_type, 'grantee', r.rolname, 'grantable', a.is_grantable
            )), '[]')
        from aclexplode(coalesce(b.datacl, acldefault('d', b.datdba))) as a
        left join pg_roles as r on r.oid = a.grantee
        where a.grantee <> b.datdba
    ) as grants,
    (
        select coalesce(json_agg(format('%I to %L', split_part(pair, '=', 1), substr(pair, strpos(pair, '=') + 1))), '[]')
        from pg_db_role_setting as s
        cross join lateral unnest(s.setconfig) as pair
        where s.setrole = 0 and s.setdatabase = b.oid and pair !~ '^(search_path|temp_tablespaces)='
    ) as settings
from pg_database as b
where b.datname = current_database();

-- name: without_limits
-- Removes the limits of this session: counting the rows of a large database takes long.
select set_config(s.name, '0', false)
from pg_settings as s
where s.name in ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout');

-- name: known_roles
-- Names of this list that are roles of this server.
select r.rolname
from pg_roles as r
where r.rolname = any(%(names)s);
