-- What a plan lets a tenant do is decided when it is asked, counted exactly, and nobody writes it for themselves.
begin;
select plan(42);

create function pg_temp.at(p_time text) returns void language plpgsql as $$
begin
    execute format('create or replace function core.clock() returns timestamptz language sql volatile return %L::timestamptz', p_time);
end;
$$;
create function pg_temp.uses(p_times integer, p_feature text default 'assistant', p_cost numeric default 0) returns text language sql as $$
    select string_agg(coalesce(r.reason, r.remaining::text, 'any'), ', ' order by n)
    from generate_series(1, p_times) as n cross join lateral (select * from workspace.record_usage(p_feature, n, p_cost) where n > 0) as r
$$;
insert into core.tenant (tenant_id, slug, name, kind) values
('00000000-0000-0000-0000-00000000000a', 'a', 'A', 'team'),
('00000000-0000-0000-0000-00000000000b', 'b', 'B', 'team');
insert into workspace.plan_feature (plan, feature, limit_value, limit_window) values
('free', 'daily', 2, 'day'), ('free', 'once', 1, null), ('free', 'off', 0, null), ('team', 'export', 5, 'month'), ('team', 'daily', 3, 'day');
select core.ensure_partitions(relation::regclass, '2030-01-30', '2030-03-02') from core.partition_set;
select pg_temp.at('2030-01-31 12:00:00+00');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);

-- plans
select ok(workspace.entitled('assistant'), 'a plan for everybody needs no subscription');
select ok(not workspace.entitled('export'), 'what is in no plan in force is not allowed');
select ok(not workspace.entitled('off'), 'a limit of nothing neither');
select ok(not workspace.entitled('nonsense'), 'nor what is in no plan at all');
select is(pg_temp.uses(1, 'export'), 'not in the plan', 'and is not counted');
select is(pg_temp.uses(3, 'daily'), '1, 0, the limit of the plan is reached', 'a limit is a limit');
select pg_temp.at('2030-02-01 00:00:00+00');
select is(pg_temp.uses(1, 'daily'), '1', 'of a UTC day');
select is(pg_temp.uses(11), '9, 8, 7, 6, 5, 4, 3, 2, 1, 0, the limit of the plan is reached', 'or month');
select is(pg_temp.uses(2, 'once'), '0, the limit of the plan is reached', 'or for ever');
select pg_temp.at('2030-02-28 23:59:59+00');
select is(pg_temp.uses(1), 'the limit of the plan is reached', 'to its last second');
select pg_temp.at('2030-03-01 00:00:00+00');
select is(pg_temp.uses(1), '9', 'and then anew');
select is(pg_temp.uses(1, 'once'), 'the limit of the plan is reached', 'but for ever is for ever');

-- subscriptions
create temporary table mine as select workspace.subscribe('team', '2030-03-01 00:00:00+00', '2030-03-01 12:00:00+00') as subscription;
select ok(workspace.entitled('export'), 'a subscription entitles');
select is(pg_temp.uses(2), 'any, any', 'without a limit where the plan has none');
select is(pg_temp.uses(1, 'daily'), '2', 'the most generous plan counts');
select pg_temp.at('2030-03-01 11:59:59.999+00');
select ok(workspace.entitled('export'), 'until its last instant');
select pg_temp.at('2030-03-01 12:00:00+00');
select ok(not workspace.entitled('export'), 'and not one longer, without anything being run');
select is(pg_temp.uses(1, 'export'), 'not in the plan', 'nor counted');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000b', true);
select ok(not workspace.entitled('export'), 'it was never another tenant''s');
select workspace.subscribe('team');
select ok(workspace.entitled('export'), 'one without an end');
select workspace.end_subscription(subscription_id, '2030-03-01 12:00:01+00') from workspace.subscription as s
where s.tenant_id = '00000000-0000-0000-0000-00000000000b';
select ok(workspace.entitled('export'), 'lasts');
select pg_temp.at('2030-03-01 12:00:01+00');
select ok(not workspace.entitled('export'), 'until somebody ends it');
select throws_ok($$select workspace.subscribe('gold')$$, '23503', null, 'there is no plan that nobody made');
select throws_ok($$select workspace.subscribe('team', '2030-03-02', '2030-03-01')$$, '22023', null, 'nor one that ends before it begins');
select throws_ok($$select workspace.end_subscription(subscription) from mine$$, 'P0002', null, 'another''s cannot be ended');

-- budgets
select workspace.subscribe('team');
select workspace.set_budget(0.001, '2030-02-14');
select is(pg_temp.uses(3, 'assistant', 0.00045), 'any, any, the budget of the month is spent', 'a budget of an earlier month holds on');
select is(pg_temp.uses(1, 'export', 0.00045), 'the budget of the month is spent', 'for all features together');
select is(pg_temp.uses(1, 'export', 0.0001), '4', 'to the last digit');
select workspace.set_budget(null);
select is(pg_temp.uses(1, 'export', 100), '3', 'no limit is no limit');
select throws_ok($$select workspace.set_budget(-1)$$, '23514', null, 'less than nothing is none');
select throws_ok($$select workspace.record_usage('export', -1)$$, '22023', null, 'nobody uses less than nothing');
select throws_ok($$select workspace.record_usage('export', 0, 0.0000000001)$$, '22023', null, 'nor costs what would be rounded away');
select is(
    (select (sum(u.calls), sum(u.cost))::text from workspace.usage_daily as u where u.tenant_id = core.current_tenant()),
    (select (count(*), sum(e.cost))::text from workspace.usage_event as e where e.tenant_id = core.current_tenant()),
    'the days are the sum of the uses'
);
select is((select u.cost from workspace.usage_daily as u where u.tenant_id = core.current_tenant() and u.feature = 'assistant'), 0.0009, 'exactly');

-- the day of usage goes when it is aggregated
select is(workspace.guard_usage_event('2030-03-01'), null, 'a day that is aggregated may go');
update workspace.usage_daily as u set tokens = tokens + 1 where u.used_on = '2030-03-01' and u.tenant_id = core.current_tenant();
select matches(workspace.guard_usage_event('2030-03-01'), '^features of tenants .*: 2$', 'one that is not may not');

-- nobody writes what they may do
set local role stanchion_app;
select throws_ok($$insert into workspace.subscription (tenant_id, plan, period) values (core.current_tenant(), 'team', '[,)')$$, '42501', null, 'nobody gives themselves a plan');
select throws_ok($$update workspace.plan_feature set limit_value = null$$, '42501', null, 'or changes what is in it');
select throws_ok($$insert into workspace.budget (tenant_id, month, limit_cost) values (core.current_tenant(), '2030-03-01', 1000)$$, '42501', null, 'or allows themselves to spend');
select throws_ok($$select workspace.subscribe('team')$$, '42501', null, 'also not by the function');
select throws_ok($$delete from workspace.usage_daily$$, '42501', null, 'or forgets what they used');
select throws_ok($$update core.membership set role = 'owner'$$, '42501', null, 'or makes themselves owner');

select * from finish();
rollback;
