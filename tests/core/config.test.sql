-- A setting is in force from its first day on and changes nothing before it. A setting without a value has its default.
begin;
\ir ../prelude.sql
select plan(20);

select core.set_tenant_config('contest', 'periods', '2');
select core.set_tenant_config('contest', 'period_seconds', '1500', '2026-01-01');
select core.set_tenant_config('contest', 'period_seconds', '1080', '2026-09-01');

select results_eq(
    $$select valid_from, valid_to, periods, period_seconds, overtime_seconds from contest.league_rules
      where tenant_id = pg_temp.id('a') order by valid_from$$,
    $$values
      ('-infinity'::date, '2026-01-01'::date, 2, 1200, 300),
      ('2026-01-01', '2026-09-01', 2, 1500, 300),
      ('2026-09-01', 'infinity', 2, 1080, 300)$$,
    'the spans of a setting follow each other without a gap or an overlap'
);
select results_eq(
    $$select periods, period_seconds from contest.league_rules where tenant_id = pg_temp.id('b')$$,
    $$values (3, 1200)$$,
    'a tenant without settings has the defaults'
);

select core.set_tenant_config('contest', 'period_seconds', '900', '2026-09-01');
select results_eq(
    $$select period_seconds from contest.league_rules
      where tenant_id = pg_temp.id('a') and valid_from = '2026-09-01'$$,
    array[900],
    'set_tenant_config() replaces the value of the same day'
);
select results_eq(
    $$select subject, detail ->> 'value' from core.audit_log where action = 'config.set' order by recorded_at desc limit 1$$,
    $$values ('contest.period_seconds', '900')$$,
    'the audit log contains the name and the value of a changed setting'
);

select throws_ok(
    $$select core.set_tenant_config('contest', 'perods', '2')$$, '22023', 'unknown setting contest.perods',
    'set_tenant_config() refuses an unknown setting'
);
select throws_ok(
    $$select core.set_tenant_config('contest', 'periods', '"2"')$$, '22023', 'contest.periods must be a whole number, not "2"',
    'set_tenant_config() refuses text for a whole number'
);
select throws_ok(
    $$select core.set_tenant_config('contest', 'periods', '0')$$, '22023', 'contest.periods must be between 1 and 9, not 0',
    'set_tenant_config() refuses a value below the minimum'
);
select throws_ok($$select core.set_tenant_config('contest', 'periods', null)$$, '22023', null, 'set_tenant_config() refuses null');

select throws_ok(
    $$select core.set_tenant_config('contest', 'periods', '2.5')$$, '22023', 'contest.periods must be a whole number, not 2.5',
    'set_tenant_config() refuses a fraction for a whole number'
);
select throws_ok($$select core.set_tenant_config('contest', 'points_win', '1e400')$$, '22023', null, 'set_tenant_config() refuses a value above the maximum');
select throws_ok(
    $$select core.set_tenant_config('contest', 'periods', '2', 'infinity')$$, '22023', null,
    'set_tenant_config() refuses infinity as the first day'
);
select throws_ok(
    $$select core.set_tenant_config('contest', 'trusted_columns', '["hits", "shot_on_goal"]')$$, '22023',
    'contest.trusted_columns cannot contain "shot_on_goal", only: '
    || (select array_to_string(items, ', ') from core.config_key where key = 'trusted_columns'),
    'set_tenant_config() refuses an unknown item of a list and returns the allowed items'
);
select throws_ok(
    $$select core.set_tenant_config('contest', 'trusted_columns', '[["hits"]]')$$, '22023', null,
    'set_tenant_config() refuses a list inside a list of names'
);
select lives_ok(
    $$select core.set_tenant_config('contest', 'trusted_columns', '["hits", "shots_on_goal"]')$$,
    'set_tenant_config() accepts a list of allowed items'
);
select lives_ok(
    $$select core.set_tenant_config('contest', 'trusted_columns', '[]')$$, 'set_tenant_config() accepts an empty list'
);
select core.set_tenant_config('contest', 'overtime_seconds', '3.0e2', '2026-09-01');
select lives_ok('select * from contest.league_rules', 'a whole number in another notation is readable in contest.league_rules');

set local role stanchion_app;
select results_eq(
    'select distinct tenant_id from contest.league_rules', array[pg_temp.id('a')],
    'an application sees only the league rules of its tenant'
);
select throws_ok($$select core.set_tenant_config('contest', 'periods', '9')$$, '42501', null, 'an application cannot call set_tenant_config()');
select throws_ok($$update core.tenant_config set value = '9'$$, '42501', null, 'an application cannot update core.tenant_config');
select pg_temp.as_tenant('');
select is_empty('select * from contest.league_rules', 'an application without a tenant sees no league rules');

select * from finish();
rollback;
