-- What is above its threshold is an alert with a remedy, what is not is none, and the threshold is the operator's.
begin;
select plan(34);

create function pg_temp.at(p_time text) returns void language plpgsql as $$
begin
    execute format('create or replace function core.clock() returns timestamptz language sql volatile return %L::timestamptz', p_time);
end;
$$;
create function pg_temp.alerts(p_name text) returns text language sql as $$
    select string_agg(a.subject, ', ' order by a.subject) from ops.alert as a where a.name = p_name
$$;
select core.ensure_partitions(relation::regclass, '2030-01-01', '2030-01-10') from core.partition_set;
select pg_temp.at('2030-01-02 00:30:00+00');
delete from core.job_dead;
delete from core.job;

-- connections
select is((select c.percent from ops.connections as c), (select round(100.0 * sum(d.numbackends) / current_setting('max_connections')::integer, 1) from pg_stat_database as d), 'connections are counted of those that there can be');
update ops.threshold set threshold = (select c.percent from ops.connections as c) where name = 'connections';
select is(pg_temp.alerts('connections'), null, 'at the threshold is no alert');
update ops.threshold set threshold = threshold - 0.1 where name = 'connections';
select is(pg_temp.alerts('connections'), 'this server', 'above it is');
select matches((select a.problem || a.remedy from ops.alert as a where a.name = 'connections'), '^\d+ of \d+ connections are taken\.Put a transaction pooler', 'with what to do');
select is((select array_agg(w.threshold order by w.name) from ops.threshold as w where w.name in ('response_time')), '{500}'::numeric[], 'half a second is what an answer may take');

-- measurements
set local role stanchion_app;
select ops.record_metric('response_time', n) is not null as put from generate_series(1, 1000) as n;
select throws_ok($$select * from ops.metric_sample$$, '42501', null, 'whoever measures reads nothing');
select throws_ok($$select ops.record_metric('Response', 1)$$, '23514', null, 'a metric has a plain name');
select throws_ok($$select ops.record_metric('x', 'NaN')$$, '23514', null, 'and a number');
select throws_ok($$select ops.record_metric('x', 1, 'guess')$$, '23514', null, 'of a kind');
select throws_ok($$update ops.threshold set threshold = 1000000$$, '42501', null, 'thresholds are not the application''s');
reset role;
select results_eq(
    $$select m.samples, m.p50, m.p95, m.p99, m.highest from ops.metric_hour as m$$,
    $$values (1000::bigint, 500.5::float8, 950.05::float8, 990.01::float8, 1000::float8)$$, 'percentiles lie between two samples where they have to'
);
select is(pg_temp.alerts('response_time'), 'applications, last hour', 'slow answers are an alert');
select pg_temp.at('2030-01-02 01:30:00+00');
select is((select count(*) from ops.metric_hour), 0::bigint, 'an hour later they are forgotten, also over midnight');
select is(pg_temp.alerts('response_time'), null, 'and so is the alert');
delete from ops.metric_sample;
select pg_temp.at('2030-01-01 23:50:00+00');
select ops.record_metric('response_time', 500);
select pg_temp.at('2030-01-02 00:20:00+00');
select is((select m.p95 from ops.metric_hour as m where m.samples = 1), 500::float8, 'one of before midnight counts after it');
select is(pg_temp.alerts('response_time'), null, 'and 500 is not above 500');

-- foreign keys
select is(pg_temp.alerts('missing_fk_indexes'), null, 'every foreign key of ours has an index');
drop index workspace.block_of_idx;
select is(pg_temp.alerts('missing_fk_indexes'), 'workspace.block', 'one without is named');
select is(
    (select format('%s (%s): %s', f.foreign_key, f.columns, f.remedy) from ops.missing_fk_indexes as f),
    'block_of_fk (tenant_id, blocked_id): create index concurrently on workspace.block (tenant_id, blocked_id);', 'with the index that is missing'
);

-- indexes that nobody asks
create index event_nobody_idx on core.event (tenant_id, event_type);
select ok(exists (select from ops.unused_indexes as i where i.index = 'core.event_nobody_idx'), 'an index of partitions is one index');
select ok(not exists (select from ops.unused_indexes as i where i.index ~ '_pk$'), 'what keeps a key is of use');
select is(pg_temp.alerts('unused_indexes'), null, 'a small one is no alert');

-- queues
select core.create_tenant('a', 'A', 'team') is not null as made;
select core.enqueue('stock.orders', '{}') from generate_series(1, 3);
select results_eq($$select q.ready, q.longest_wait_s, q.dead from ops.queue_health as q where q.queue = 'stock.orders'$$, $$values (3::bigint, 0::bigint, 0::bigint)$$, 'jobs wait');
select pg_temp.at('2030-01-02 00:25:00+00');
select is(pg_temp.alerts('queue_waits'), null, 'for five minutes they may');
select pg_temp.at('2030-01-02 00:25:01+00');
select is(pg_temp.alerts('queue_waits'), 'stock.orders', 'and not longer');
insert into core.job_dead (tenant_id, job_id, queue, payload, enqueued_at, died_at, attempts, actor)
select core.current_tenant(), 1, 'stock.orders', '{}', now(), '2030-01-02', 5, 'x';
select is(pg_temp.alerts('queue_dead'), 'stock.orders', 'a job that was given up waits for a person');

-- partitions, replicas, growth
select is((select cardinality(p.days_missing) from ops.partition_health as p where p.relation = 'core.event'), 0, 'the days ahead are there');
select pg_temp.at('2030-01-09 00:00:00+00');
select is((select p.days_missing from ops.partition_health as p where p.relation = 'core.event'), '{2030-01-11,2030-01-12}'::date[], 'or named');
select is((select count(*) from ops.replication_lag), 0::bigint, 'where nothing is replicated nothing lags');
select ok(ops.measure_tables() >= 50, 'tables are measured');
select is((select g.grown_percent from ops.table_growth as g where g.relation = 'core.event'), null, 'one that was not measured before has not grown');
update ops.table_size set bytes = 3000000000 where relation = 'core.event';
insert into ops.table_size (relation, measured_on, bytes, estimated_rows) values ('core.event', '2030-01-01', 1, 0), ('core.event', '2030-01-02', 1500000000, 0);
select is(pg_temp.alerts('table_growth'), null, 'twice as much as a week ago is not more than twice as much');
update ops.table_size set bytes = 1400000000 where relation = 'core.event' and measured_on = '2030-01-02';
select is(pg_temp.alerts('table_growth'), 'core.event', 'more than that is an alert');
select is((select count(*) from ops.slow_queries), (select count(*) from ops.statements()), 'statements are those that the server knows of, if it does');

select * from finish();
rollback;
