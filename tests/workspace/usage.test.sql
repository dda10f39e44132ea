-- The plan of a tenant is evaluated at each use. Uses are counted exactly, and no application can change its own plan.
begin;
\ir ../prelude.sql
select plan(42);

create function pg_temp.uses(p_times integer, p_feature text default 'assistant', p_cost numeric default 0) returns text language sql as $$
    select string_agg(coalesce(r.reason, r.remaining::text, 'any'), ', ' order by n)
    from generate_series(1, p_times) as n cross join lateral (select * from workspace.record_usage(p_feature, n, p_cost) where n > 0) as r
$$;
insert into workspace.plan_feature (plan, feature, limit_value, limit_window) values
('free', 'daily', 2, 'day'), ('free', 'once', 1, null), ('free', 'off', 0, null), ('team', 'export', 5, 'month'), ('team', 'daily', 3, 'day');
select core.ensure_partitions(relation::regclass, '2030-01-30', '2030-03-02') from core.partition_set;
select pg_temp.at('2030-01-31 12:00:00+00');

-- plans
select ok(workspace.entitled('assistant'), 'entitled() returns true for a feature of the free plan without a subscription');
select ok(not workspace.entitled('export'), 'entitled() returns false for a feature that no plan in force contains');
select ok(not workspace.entitled('off'), 'entitled() returns false for a feature with a limit of 0');
select ok(not workspace.entitled('nonsense'), 'entitled() returns false for an unknown feature');
select is(pg_temp.uses(1, 'export'), 'not in the plan', 'record_usage() refuses a feature that no plan in force contains');
select is(pg_temp.uses(3, 'daily'), '1, 0, the limit of the plan is reached', 'record_usage() refuses a use above the daily limit');
select pg_temp.at('2030-02-01 00:00:00+00');
select is(pg_temp.uses(1, 'daily'), '1', 'record_usage() counts a daily limit from zero on the next UTC day');
select is(pg_temp.uses(11), '9, 8, 7, 6, 5, 4, 3, 2, 1, 0, the limit of the plan is reached', 'record_usage() refuses a use above the monthly limit');
select is(pg_temp.uses(2, 'once'), '0, the limit of the plan is reached', 'record_usage() refuses a second use of a feature with a permanent limit of 1');
select pg_temp.at('2030-02-28 23:59:59+00');
select is(pg_temp.uses(1), 'the limit of the plan is reached', 'record_usage() applies a monthly limit until the last second of the month');
select pg_temp.at('2030-03-01 00:00:00+00');
select is(pg_temp.uses(1), '9', 'record_usage() counts a monthly limit from zero in the next month');
select is(pg_temp.uses(1, 'once'), 'the limit of the plan is reached', 'record_usage() applies a permanent limit in the next month');

-- subscriptions
create temporary table mine as select workspace.subscribe('team', '2030-03-01 00:00:00+00', '2030-03-01 12:00:00+00') as subscription;
select ok(workspace.entitled('export'), 'entitled() returns true for a feature of a subscription');
select is(pg_temp.uses(2), 'any, any', 'record_usage() applies no limit when a plan in force has none');
select is(pg_temp.uses(1, 'daily'), '2', 'record_usage() applies the highest limit of the plans in force');
select pg_temp.at('2030-03-01 11:59:59.999+00');
select ok(workspace.entitled('export'), 'entitled() returns true until the last instant of a subscription');
select pg_temp.at('2030-03-01 12:00:00+00');
select ok(not workspace.entitled('export'), 'entitled() returns false at the end of a subscription, without any job');
select is(pg_temp.uses(1, 'export'), 'not in the plan', 'record_usage() refuses a feature after the end of the subscription');
select pg_temp.as_tenant('b');
select ok(not workspace.entitled('export'), 'entitled() returns false for the subscription of another tenant');
select workspace.subscribe('team');
select ok(workspace.entitled('export'), 'entitled() returns true for a subscription without an end');
select workspace.end_subscription(subscription_id, '2030-03-01 12:00:01+00') from workspace.subscription as s
where s.tenant_id = pg_temp.id('b');
select ok(workspace.entitled('export'), 'entitled() returns true before the time given to end_subscription()');
select pg_temp.at('2030-03-01 12:00:01+00');
select ok(not workspace.entitled('export'), 'entitled() returns false at the time given to end_subscription()');
select throws_ok($$select workspace.subscribe('gold')$$, '23503', null, 'subscribe() refuses an unknown plan');
select throws_ok($$select workspace.subscribe('team', '2030-03-02', '2030-03-01')$$, '22023', null, 'subscribe() refuses an end before the beginning');
select throws_ok($$select workspace.end_subscription(subscription) from mine$$, 'P0002', null, 'end_subscription() refuses the subscription of another tenant');

-- budgets
select workspace.subscribe('team');
select workspace.set_budget(0.001, '2030-02-14');
select is(pg_temp.uses(3, 'assistant', 0.00045), 'any, any, the budget of the month is spent', 'record_usage() applies the budget of an earlier month');
select is(pg_temp.uses(1, 'export', 0.00045), 'the budget of the month is spent', 'record_usage() applies the budget to all features together');
select is(pg_temp.uses(1, 'export', 0.0001), '4', 'record_usage() accepts a cost that exhausts the budget exactly');
select workspace.set_budget(null);
select is(pg_temp.uses(1, 'export', 100), '3', 'record_usage() applies no budget when the budget is null');
select throws_ok($$select workspace.set_budget(-1)$$, '23514', null, 'set_budget() refuses a negative budget');
select throws_ok($$select workspace.record_usage('export', -1)$$, '22023', null, 'record_usage() refuses a negative number of tokens');
select throws_ok($$select workspace.record_usage('export', 0, 0.0000000001)$$, '22023', null, 'record_usage() refuses a cost that would be rounded');
select is(
    (select (sum(u.calls), sum(u.cost))::text from workspace.usage_daily as u where u.tenant_id = core.current_tenant()),
    (select (count(*), sum(e.cost))::text from workspace.usage_event as e where e.tenant_id = core.current_tenant()),
    'usage_daily contains the sums of usage_event'
);
select is(
    (select u.cost from workspace.usage_daily as u where u.tenant_id = core.current_tenant() and u.feature = 'assistant'), 0.0009,
    'usage_daily contains exact costs'
);

-- dropping a day of usage
select is(workspace.guard_usage_event('2030-03-01'), null, 'guard_usage_event() allows to drop a day whose totals are correct');
update workspace.usage_daily as u set tokens = tokens + 1 where u.used_on = '2030-03-01' and u.tenant_id = pg_temp.id('a');
select matches(workspace.guard_usage_event('2030-03-01'), '^features of tenants .*: 2$', 'guard_usage_event() refuses to drop a day whose totals differ');

-- access
set local role stanchion_app;
select throws_ok(
    $$insert into workspace.subscription (tenant_id, plan, period) values (core.current_tenant(), 'team', '[,)')$$, '42501', null,
    'an application cannot insert a subscription'
);
select throws_ok($$update workspace.plan_feature set limit_value = null$$, '42501', null, 'an application cannot change the features of a plan');
select throws_ok(
    $$insert into workspace.budget (tenant_id, month, limit_cost) values (core.current_tenant(), '2030-03-01', 1000)$$, '42501', null,
    'an application cannot insert a budget'
);
select throws_ok($$select workspace.subscribe('team')$$, '42501', null, 'an application cannot call subscribe()');
select throws_ok($$delete from workspace.usage_daily$$, '42501', null, 'an application cannot delete usage');
select throws_ok($$update core.membership set role = 'owner'$$, '42501', null, 'an application cannot change a role');

select * from finish();
rollback;
