-- A stand-in for pg_partman 5 where it is not installed, with the functions and signatures that the tests use.
--
-- Like the extension, it makes one partition more than configured, with the same lock, in the time zone of the session,
-- and with the grants of the parent.
create schema partman;
create table partman.part_config (
    parent_table text primary key,
    control text not null,
    partition_interval text not null,
    partition_type text not null,
    premake integer not null default 4,
    retention text,
    retention_keep_table boolean not null default true,
    automatic_maintenance text not null default 'on',
    infinite_time_partitions boolean not null default false,
    inherit_privileges boolean default false
);

create function partman.run_maintenance(
    p_parent_table text default null, p_analyze boolean default false, p_jobmon boolean default true
) returns void language plpgsql as $$
declare
    v_set partman.part_config;
    v_day date;
    v_child text;
begin
    for v_set in select * from partman.part_config where parent_table = coalesce(p_parent_table, parent_table) loop
        for v_day in select current_date + n from generate_series(-1, v_set.premake + 1) as n loop
            v_child := v_set.parent_table || to_char(v_day, '"_p"YYYYMMDD');
            if to_regclass(v_child) is null then
                execute format(
                    'create table %s partition of %s for values from (%L) to (%L)',
                    v_child, v_set.parent_table, v_day, v_day + 1
                );
                if v_set.inherit_privileges then
                    execute format('grant select on %s to stanchion_app', v_child);
                end if;
            end if;
        end loop;
    end loop;
end;
$$;

create function partman.create_parent(
    p_parent_table text,
    p_control text,
    p_interval text,
    p_type text default 'range',
    p_premake integer default 4,
    p_start_partition text default null
) returns boolean language plpgsql as $$
begin
    for n in 0 .. current_date - p_start_partition::date - 1 loop
        execute format(
            'create table %1$s_p%2$s partition of %1$s for values from (%3$L) to (%4$L)',
            p_parent_table, to_char(p_start_partition::date + n, 'YYYYMMDD'), p_start_partition::date + n,
            p_start_partition::date + n + 1
        );
    end loop;
    execute format('create table %1$s_default partition of %1$s default', p_parent_table);
    insert into partman.part_config (parent_table, control, partition_interval, partition_type, premake, inherit_privileges)
    values (p_parent_table, p_control, p_interval, p_type, p_premake, true);
    perform partman.run_maintenance(p_parent_table);
    return true;
end;
$$;

set allow_system_table_mods = on;
insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
values (4294900000, 'pg_partman', 10, 'partman'::regnamespace, false, '5.5.0');
reset allow_system_table_mods;
