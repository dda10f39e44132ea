-- A value above its threshold is an alert with a remedy, and only the operator can change a threshold.
begin;
\ir ../prelude.sql
select plan(34);

create function pg_temp.alerts(p_name text) returns text language sql as $$
    select string_agg(a.subject, ', ' order by a.subject) from ops.alert as a where a.name = p_name
$$;
select core.ensure_partitions(relation::regclass, '2030-01-01', '2030-01-10') from core.partition_set;
select pg_temp.at('2030-01-02 00:30:00+00');
delete from core.job_dead;
delete from core.job;

-- connections
select is(
    (select c.percent from ops.connections as c), (select round(100.0 * sum(d.numbackends) / current_setting('max_connections')::integer, 1) from pg_stat_database as d),
    'ops.connections returns the percentage of the allowed connections'
);
update ops.threshold set threshold = (select c.percent from ops.connections as c) where name = 'connections';
select is(pg_temp.alerts('connections'), null, 'a value that equals its threshold is not an alert');
update ops.threshold set threshold = threshold - 0.1 where name = 'connections';
select is(pg_temp.alerts('connections'), 'this server', 'a value above its threshold is an alert');
select matches(
    (select a.problem || a.remedy from ops.alert as a where a.name = 'connections'), '^\d+ of \d+ connections are in use\.Put a transaction pooler',
    'an alert contains the problem and the remedy'
);
select is(
    (select array_agg(w.threshold order by w.name) from ops.threshold as w where w.name in ('response_time')), '{500}'::numeric[],
    'the threshold of response_time defaults to 500 milliseconds'
);

-- measurements
set local role stanchion_app;
select ops.record_metric('response_time', n) is not null as put from generate_series(1, 1000) as n;
select throws_ok($$select * from ops.metric_sample$$, '42501', null, 'an application cannot read ops.metric_sample');
select throws_ok($$select ops.record_metric('Response', 1)$$, '23514', null, 'record_metric() refuses a name with a capital letter');
select throws_ok($$select ops.record_metric('x', 'NaN')$$, '23514', null, 'record_metric() refuses a value that is not a number');
select throws_ok($$select ops.record_metric('x', 1, 'guess')$$, '23514', null, 'record_metric() refuses an unknown kind');
select throws_ok($$update ops.threshold set threshold = 1000000$$, '42501', null, 'an application cannot change a threshold');
reset role;
select results_eq(
    $$select m.samples, m.p50, m.p95, m.p99, m.highest from ops.metric_hour as m$$,
    $$values (1000::bigint, 500.5::float8, 950.05::float8, 990.01::float8, 1000::float8)$$, 'ops.metric_hour interpolates percentiles between two samples'
);
select is(pg_temp.alerts('response_time'), 'applications, last hour', 'slow responses of the last hour are an alert');
select pg_temp.at('2030-01-02 01:30:00+00');
select is((select count(*) from ops.metric_hour), 0::bigint, 'ops.metric_hour omits samples older than an hour, also across midnight');
select is(pg_temp.alerts('response_time'), null, 'slow responses are not an alert after an hour');
delete from ops.metric_sample;
select pg_temp.at('2030-01-01 23:50:00+00');
select ops.record_metric('response_time', 500);
select pg_temp.at('2030-01-02 00:20:00+00');
select is((select m.p95 from ops.metric_hour as m where m.samples = 1), 500::float8, 'ops.metric_hour contains samples from before midnight');
select is(pg_temp.alerts('response_time'), null, 'a response time of 500 milliseconds is not an alert');

-- foreign keys
select is(pg_temp.alerts('missing_fk_indexes'), null, 'every foreign key of Stanchion has an index');
drop index workspace.block_of_idx;
select is(pg_temp.alerts('missing_fk_indexes'), 'workspace.block', 'a foreign key without an index is an alert');
select is(
    (select format('%s (%s): %s', f.foreign_key, f.columns, f.remedy) from ops.missing_fk_indexes as f),
    'block_of_fk (tenant_id, blocked_id): create index concurrently on workspace.block (tenant_id, blocked_id);', 'ops.missing_fk_indexes returns the statement that creates the index'
);

-- unused indexes
create index event_unused_idx on core.event (tenant_id, event_type);
select ok(
    exists (select from ops.unused_indexes as i where i.index = 'core.event_unused_idx'),
    'ops.unused_indexes lists an index of a partitioned table once'
);
select ok(not exists (select from ops.unused_indexes as i where i.index ~ '_pk$'), 'ops.unused_indexes omits primary keys');
select is(pg_temp.alerts('unused_indexes'), null, 'a small unused index is not an alert');

-- queues
select core.enqueue('stock.orders', '{}') from generate_series(1, 3);
select results_eq(
    $$select q.ready, q.longest_wait_s, q.dead from ops.queue_health as q where q.queue = 'stock.orders'$$, $$values (3::bigint, 0::bigint, 0::bigint)$$,
    'ops.queue_health counts the jobs that are ready'
);
select pg_temp.at('2030-01-02 00:25:00+00');
select is(pg_temp.alerts('queue_waits'), null, 'a job that waits for five minutes is not an alert');
select pg_temp.at('2030-01-02 00:25:01+00');
select is(pg_temp.alerts('queue_waits'), 'stock.orders', 'a job that waits for more than five minutes is an alert');
insert into core.job_dead (tenant_id, job_id, queue, payload, enqueued_at, died_at, attempts, actor, login)
select core.current_tenant(), 1, 'stock.orders', '{}', now(), '2030-01-02', 5, 'x', 'x';
select is(pg_temp.alerts('queue_dead'), 'stock.orders', 'a dead job is an alert');

-- partitions, replicas, growth
select is(
    (select cardinality(p.days_missing) from ops.partition_health as p where p.relation = 'core.event'), 0,
    'ops.partition_health lists no missing day when the days ahead exist'
);
select pg_temp.at('2030-01-09 00:00:00+00');
select is(
    (select p.days_missing from ops.partition_health as p where p.relation = 'core.event'), '{2030-01-11,2030-01-12}'::date[],
    'ops.partition_health lists the missing days'
);
select is((select count(*) from ops.replication_lag), 0::bigint, 'ops.replication_lag returns no row without a replica');
select ok(ops.measure_tables() >= 50, 'measure_tables() returns the number of tables');
select is(
    (select g.grown_percent from ops.table_growth as g where g.relation = 'core.event'), null,
    'ops.table_growth returns null for a table without an earlier measurement'
);
update ops.table_size set bytes = 3000000000 where relation = 'core.event';
insert into ops.table_size (relation, measured_on, bytes, estimated_rows) values ('core.event', '2030-01-01', 1, 0), ('core.event', '2030-01-02', 1500000000, 0);
select is(pg_temp.alerts('table_growth'), null, 'a table that has doubled within a week is not an alert');
update ops.table_size set bytes = 1400000000 where relation = 'core.event' and measured_on = '2030-01-02';
select is(pg_temp.alerts('table_growth'), 'core.event', 'a table that has more than doubled within a week is an alert');
select is((select count(*) from ops.slow_queries), (select count(*) from ops.statements()), 'ops.slow_queries returns every statement that the server records');

select * from finish();
rollback;
