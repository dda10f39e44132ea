-- No setting of the system, this database or a member of our roles changes the meaning of statements or switches checks
-- off. A search path contains only the system's schemas and ours, since names would resolve to planted objects;
-- that of an analyst may contain marts.
--
-- severity: critical
-- remedy: alter role | database NAME reset SETTING; or: alter system reset SETTING; select pg_reload_conf();
with known (name, safe) as (
    values
    ('session_replication_role', array['origin']),
    ('row_security', array['on', 'true', 'yes', '1']),
    ('role', array['none']),
    ('session_authorization', array['default']),
    ('session_preload_libraries', array['', '""', 'auto_explain', 'pg_stat_statements', 'safeupdate', 'supautils']),
    ('local_preload_libraries', array['', '""']),
    ('lo_compat_privileges', array['off', 'false', 'no', '0']),
    ('allow_system_table_mods', array['off', 'false', 'no', '0']),
    ('ignore_system_indexes', array['off', 'false', 'no', '0']),
    ('ignore_checksum_failure', array['off', 'false', 'no', '0']),
    ('zero_damaged_pages', array['off', 'false', 'no', '0']),
    ('transform_null_equals', array['off', 'false', 'no', '0']),
    ('standard_conforming_strings', array['on', 'true', 'yes', '1']),
    ('event_triggers', array['on', 'true', 'yes', '1']),
    ('dynamic_library_path', array['$libdir'])
),

-- settings of the server that are in its file or command line; a setting of another role does not show here
active as (
    select
        'the system' as object,
        s.name,
        s.reset_val as text
    from pg_settings as s
    where s.name not in ('session_preload_libraries', 'dynamic_library_path')
    union all
    select
        coalesce(pg_get_userbyid(nullif(d.setrole, 0))::text, b.datname::text, 'every login'),
        split_part(c.text, '=', 1),
        substr(c.text, strpos(c.text, '=') + 1)
    from pg_db_role_setting as d
    left join pg_database as b on b.oid = d.setdatabase
    cross join lateral unnest(d.setconfig) as c (text)
    where
        (d.setdatabase = 0 or b.datname = current_database())
        and (d.setrole = 0 or d.setrole in (
            select m.role from core.own_membership as m
            where not m.is_deployer
        ))
)

select
    a.object,
    format('sets %s to %s', a.name, a.text) as problem
from active as a
join known as k on k.name = lower(a.name)
where lower(a.text) <> all(k.safe)
union all
select a.object, format('sets search_path to %s', a.text)
from active as a
cross join
    lateral (
        select array(
            select btrim(btrim(part.name), '"')
            from unnest(string_to_array(a.text, ',')) as part (name)
            where btrim(btrim(part.name), '"') <> ''
        ) as names
    ) as path
where
    a.name = 'search_path'
    and (
        exists (
            select 1
            from unnest(path.names) as p (name)
            where
                p.name not in ('$user', 'public', 'pg_catalog', 'pg_temp')
                and not exists (
                    select 1
                    from pg_namespace as n
                    where n.nspname = p.name and pg_get_userbyid(n.nspowner) = 'stanchion_owner'
                )
                -- an analyst has no right that code of the builder could use
                and not (p.name = 'marts' and exists (
                    select 1
                    from core.own_membership as m
                    where m.member_name = a.object and m.role_name = 'stanchion_analyst'
                ))
        )
        -- an explicit place after another schema gives that schema precedence over the system's names
        or coalesce(array_position(path.names, 'pg_catalog'), 1) <> 1
        or coalesce(array_position(path.names, 'pg_temp'), cardinality(path.names)) <> cardinality(path.names)
    )
union all
select 'the system', format('sets %s to %s', s.name, current_setting(s.name, true))
from (values ('app.tenant_id'), ('app.principal_id'), ('request.jwt.claims')) as s (name)
where current_setting(s.name, true) <> ''
