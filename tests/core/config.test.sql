-- A setting holds from its day on and changes nothing before it; what was never set has its default.
begin;
select plan(16);

insert into core.tenant (tenant_id, slug, name, kind) values
('00000000-0000-0000-0000-00000000000a', 'a', 'A', 'league'),
('00000000-0000-0000-0000-00000000000b', 'b', 'B', 'league');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);

select core.set_tenant_config('contest', 'periods', '2');
select core.set_tenant_config('contest', 'period_seconds', '1500', '2026-01-01');
select core.set_tenant_config('contest', 'period_seconds', '1080', '2026-09-01');

select results_eq(
    $$select valid_from, valid_to, periods, period_seconds, overtime_seconds from contest.league_rules
      where tenant_id = '00000000-0000-0000-0000-00000000000a' order by valid_from$$,
    $$values
      ('-infinity'::date, '2026-01-01'::date, 2, 1200, 300),
      ('2026-01-01', '2026-09-01', 2, 1500, 300),
      ('2026-09-01', 'infinity', 2, 1080, 300)$$,
    'spans follow each other without gap or overlap'
);
select results_eq(
    $$select periods, period_seconds from contest.league_rules where tenant_id = '00000000-0000-0000-0000-00000000000b'$$,
    $$values (3, 1200)$$,
    'a tenant that set nothing has the defaults'
);

select core.set_tenant_config('contest', 'period_seconds', '900', '2026-09-01');
select results_eq(
    $$select period_seconds from contest.league_rules
      where tenant_id = '00000000-0000-0000-0000-00000000000a' and valid_from = '2026-09-01'$$,
    array[900],
    'the same day again corrects that day'
);
select results_eq(
    $$select subject, detail ->> 'value' from core.audit_log where action = 'config.set' order by recorded_at desc limit 1$$,
    $$values ('contest.period_seconds', '900')$$,
    'who set what is in the audit'
);

select throws_ok($$select core.set_tenant_config('contest', 'perods', '2')$$, '22023', 'there is no setting contest.perods', 'an unknown setting');
select throws_ok($$select core.set_tenant_config('contest', 'periods', '"2"')$$, '22023', 'contest.periods takes a whole number, not "2"', 'another type');
select throws_ok($$select core.set_tenant_config('contest', 'periods', '0')$$, '22023', 'contest.periods is from 1 to 9, not 0', 'below the least');
select throws_ok($$select core.set_tenant_config('contest', 'periods', null)$$, '22023', null, 'nothing at all');

select throws_ok($$select core.set_tenant_config('contest', 'periods', '2.5')$$, '22023', 'contest.periods takes a whole number, not 2.5', 'half a period');
select throws_ok($$select core.set_tenant_config('contest', 'points_win', '1e400')$$, '22023', null, 'more than any league gives');
select throws_ok($$select core.set_tenant_config('contest', 'periods', '2', 'infinity')$$, '22023', null, 'from the end of time');
select core.set_tenant_config('contest', 'overtime_seconds', '3.0e2', '2026-09-01');
select lives_ok('select * from contest.league_rules', 'however a number was written, the rules can be read');

set local role stanchion_app;
select results_eq('select distinct tenant_id from contest.league_rules', array['00000000-0000-0000-0000-00000000000a'::uuid], 'an application sees the rules of its tenant');
select throws_ok($$select core.set_tenant_config('contest', 'periods', '9')$$, '42501', null, 'and cannot set them');
select throws_ok($$update core.tenant_config set value = '9'$$, '42501', null, 'nor write them');
select set_config('app.tenant_id', '', true);
select is_empty('select * from contest.league_rules', 'nobody sees no rules');

select * from finish();
rollback;
