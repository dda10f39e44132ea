-- Copies of the one game that the tenant loaded, from number :bench.from to number :bench.to: dealt to
-- :bench.tenants tenants, :bench.per_day of them a day, each by a load of its own. With :bench.built they are in the marts
-- already, which is what the day after them is measured beside.
do $$
declare
    v_from constant integer := current_setting('bench.from')::integer;
    v_to constant integer := current_setting('bench.to')::integer;
    v_per_day constant integer := current_setting('bench.per_day')::integer;
    v_is_built constant boolean := current_setting('bench.built')::boolean;
    v_template constant uuid := core.required_tenant();
    v_first_load bigint;
    v_days date[];
    v_table record;
    v_part record;
    v_columns text;
begin
    create temporary table copied_tenant on commit drop as
    select n, md5('bench' || n)::uuid as tenant_id
    from generate_series(0, current_setting('bench.tenants')::integer - 1) as n;
    insert into core.tenant (tenant_id, slug, name, kind)
    select t.tenant_id, 'bench-' || t.n, 'Bench ' || t.n, 'league'
    from copied_tenant as t
    on conflict do nothing;

    v_days := array(select distinct date '2024-01-01' + n / v_per_day from generate_series(v_from, v_to) as n order by 1);
    for n in 0..cardinality(v_days) / 100 loop
        perform contest.ensure_game_days(v_days[100 * n + 1:100 * n + 100]);
    end loop;
    set local role stanchion_builder;
    perform core.ensure_mart_partitions(p.relation, v_days[1], v_days[cardinality(v_days)])
    from (select c.oid::regclass as relation from pg_class as c where c.relnamespace = 'marts'::regnamespace and c.relkind = 'p') as p;
    reset role;
    -- nothing of it outlives the measurement, and nobody else's pages are to be counted
    for v_part in
        select c.oid::regclass as relation, c.relispartition
        from pg_class as c
        join pg_namespace as s on s.oid = c.relnamespace
        where c.relkind = 'r' and c.reloptions is null and s.nspname in ('contest', 'landing', 'marts', 'mart_parts', 'parts', 'staging')
    loop
        execute format('alter table %s set (autovacuum_enabled = off)', v_part.relation);
        if v_part.relispartition and v_is_built then
            execute format('alter table %s set unlogged', v_part.relation);
        end if;
    end loop;

    select setval('landing.load_id', nextval('landing.load_id') + v_to - v_from + 1) - v_to into v_first_load;
    create temporary table copy on commit drop as
    select games.n, t.tenant_id, date '2024-01-01' + games.n / v_per_day as played_on, v_first_load + games.n as load_id
    from generate_series(v_from, v_to) as games (n)
    join copied_tenant as t on t.n = games.n % current_setting('bench.tenants')::integer;
    analyze copy;
    insert into landing.load_batch (tenant_id, load_id, state, kind, source, finished_at)
    select c.tenant_id, c.load_id, 'done', 'games', 'copies', core.clock()
    from copy as c
    order by c.load_id;

    -- what a tenant has once, then what it has for each game; a game before what refers to it
    for v_table in
        select
            format('%I.%I', s.nspname, r.relname) as name,
            g.attname is not null as is_of_games
        from pg_class as r
        join pg_namespace as s on s.oid = r.relnamespace
        left join pg_attribute as g on g.attrelid = r.oid and g.attname = 'game_key'
        where
            r.relkind in ('r', 'p')
            and not r.relispartition
            and (
                s.nspname = 'contest' and (r.relname in ('season', 'team', 'person') or g.attname is not null and r.relname <> 'play_point')
                or s.nspname in ('marts', 'staging') and g.attname is not null and v_is_built
            )
        order by g.attname is not null, r.relname <> 'fixture', r.relname
    loop
        select
            string_agg(
                case a.attname
                    when 'tenant_id' then 'copy.tenant_id' when 'game_key' then '''g'' || copy.n' when 'played_on' then 'copy.played_on'
                    when 'load_id' then 'copy.load_id' else 'template.' || quote_ident(a.attname)
                end, ', ' order by a.attnum
            )
        into v_columns
        from pg_attribute as a
        where a.attrelid = v_table.name::regclass and a.attnum > 0 and not a.attisdropped;
        execute format('create temporary table template on commit drop as select * from %s where tenant_id = %L', v_table.name, v_template);
        execute format(
            'insert into %s select %s from %s as copy cross join lateral (select * from template where copy.tenant_id is not null offset 0) as template %s',
            v_table.name, v_columns,
            -- game by game, so that the rows of one lie together, as a load leaves them
            case when v_table.is_of_games then '(select * from copy order by n)' else '(select distinct tenant_id from copy)' end,
            case when v_table.is_of_games then '' else 'on conflict do nothing' end
        );
        drop table template;
    end loop;
    if v_is_built then
        update core.stat_refresh as r
        set position = v_first_load + v_to
        where r.changes = 'loads' and r.position > 0 and exists (select from pg_attribute as a where a.attrelid = to_regclass(r.model) and a.attname = 'game_key');
    end if;
end;
$$
