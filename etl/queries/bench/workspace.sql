-- Workspaces of 10,000 tenants: :rows uses of features within 60 days, a fifth as many members, and 200,000 documents
-- of one tenant. A few tenants have most, as it is: what tenant t of n has are those drawn as n * random^3.
--
-- Rows are put in by tenant, which takes minutes instead of an hour.
select setseed(0.5);
select core.ensure_partitions('workspace.usage_event', core.utc_day(core.clock()) - 60, core.utc_day(core.clock()));

insert into core.tenant (tenant_id, slug, name, kind)
select
    md5('bench' || n)::uuid,
    'bench-' || n,
    'Bench ' || n,
    'team'
from generate_series(0, 9999) as n;

create temporary table member as
select
    md5('bench' || floor(10000 * random() ^ 3)::integer)::uuid as tenant_id,
    gen_random_uuid() as principal_id,
    n
from generate_series(1, current_setting('bench.rows')::integer / 5) as n;

insert into core.principal (tenant_id, principal_id, email, display_name)
select
    m.tenant_id,
    m.principal_id,
    format('m%s@example.org', m.n),
    'Member'
from member as m
order by 1, 2;

insert into core.membership (tenant_id, principal_id, role)
select
    m.tenant_id,
    m.principal_id,
    'viewer'
from member as m
order by 1, 2;

insert into workspace.usage_event (tenant_id, used_on, used_at, feature, tokens, cost)
select
    md5('bench' || u.t)::uuid,
    core.utc_day(u.used_at),
    u.used_at,
    (array['assistant', 'export', 'report'])[1 + u.n % 3],
    u.n % 1000,
    0.00045
from (
    select
        n,
        floor(10000 * random() ^ 3)::integer as t,
        core.clock() - random() * interval '60 days' as used_at
    from generate_series(1, current_setting('bench.rows')::integer) as n
) as u
order by 2, 1;

insert into workspace.usage_daily (tenant_id, used_on, feature, calls, tokens, cost, last_used_at)
select
    e.tenant_id,
    e.used_on,
    e.feature,
    count(*),
    sum(e.tokens),
    sum(e.cost),
    max(e.used_at)
from workspace.usage_event as e
group by 1, 2, 3
order by 1, 2, 3;

insert into workspace.document (tenant_id, name, body, tags, created_at, updated_at)
select
    md5('bench0')::uuid,
    'Report ' || n,
    (
        select
            string_agg(format('word%s', (n::bigint * p) % 20011), ' ') || case when n % 10 = 0 then ' often' else '' end
            || case when n % 10000 = 0 then ' rarely' else '' end || ' always'
        from unnest(array[7, 13, 101, 211, 1009, 2003, 4001, 5003, 6007, 7001, 8009, 9001, 10007, 11003]) as p
    ),
    array['t' || n % 7],
    core.clock(),
    core.clock() - n * interval '1 second'
from generate_series(1, least(200000, current_setting('bench.rows')::integer / 5)) as n;

insert into workspace.dataset (tenant_id, name, row_count, byte_count, updated_at)
select
    md5('bench' || n % 10000)::uuid,
    'Data',
    n,
    100 * n as bytes,
    core.clock()
from generate_series(0, 49999) as n;
