-- Documents are the tenant's own: written by who may, version by version, and found by nobody else.
begin;
select plan(28);

create function pg_temp.found(p_query text) returns text language sql as $$
    select string_agg(s.name, ', ' order by s.rank desc, s.name) from workspace.search_documents(p_query) as s
$$;
create function pg_temp.saved(p_name text, p_body text, p_tags text[] default '{}') returns uuid language sql as $$
    select s.p_document from workspace.save_document(p_name, p_body, p_tags) as s
$$;
select set_config('test.b', core.create_tenant('b', 'B', 'team')::text, true);
select pg_temp.saved('Theirs', 'a heron of another tenant');
select set_config('test.a', core.create_tenant('a', 'A', 'team')::text, true);
insert into core.principal (tenant_id, principal_id, email, display_name) values
(core.current_tenant(), '00000000-0000-0000-0000-0000000000e1', 'ed@example.org', 'Ed'),
(core.current_tenant(), '00000000-0000-0000-0000-0000000000e2', 'vi@example.org', 'Vi');
insert into core.membership (tenant_id, principal_id, role) values
(core.current_tenant(), '00000000-0000-0000-0000-0000000000e1', 'editor'),
(core.current_tenant(), '00000000-0000-0000-0000-0000000000e2', 'viewer');
create role an_app login in role stanchion_app;
set session authorization an_app;

select set_config('test.d', pg_temp.saved('Herons', 'Herons fish in the lake', '{birds,lake}')::text, true);
select pg_temp.saved('Lakes', 'A lake has fish, and sometimes a heron');
select pg_temp.saved('Nothing', 'of note');
select is(pg_temp.found('heron'), 'Herons, Lakes', 'the name counts more than the text, in whatever form the word is');
select is(pg_temp.found('fishing lakes'), 'Lakes, Herons', 'all of the words');
select is(pg_temp.found('heron -sometimes'), 'Herons', 'or not');
select is(pg_temp.found('"fish in the lake"'), 'Herons', 'in this order');
select is(pg_temp.found('birds'), 'Herons', 'by a tag');
select is(pg_temp.found('nothing or sometimes'), 'Nothing, Lakes', 'or one of them');
select is(pg_temp.found('the'), null, 'a word that says nothing finds nothing');
select is(pg_temp.found(''), null, 'nor does no word');
select is(pg_temp.found(null), null, 'or none at all');
select is(pg_temp.found(format('''@%s''', current_setting('test.b'))), null, 'the other tenant''s mark is no word');
select lives_ok($$select pg_temp.found('''); drop table x; -- \'' & | ! <-> :*')$$, 'whatever people type');
select throws_ok($$select workspace.search_documents('heron', 101)$$, '22023', null, 'a hundred at a time');
select is((select count(*) from workspace.document), 3::bigint, 'and other reads are as ever');
select set_config('stanchion.searched', format('''@%s''', current_setting('test.b')), true);
select is((select count(*) from workspace.document), 3::bigint, 'whoever sets what is searched for sees nothing more');
select is((workspace.tenant_summary()).documents, 3::bigint, 'nor counts it');
select set_config('stanchion.searched', '', true);

-- versions
select results_eq(
    $$select * from workspace.save_document('Herons', 'fly', '{}', current_setting('test.d')::uuid, 1)$$,
    $$values (current_setting('test.d')::uuid, 2)$$, 'the next version'
);
select is(pg_temp.found('fly') || coalesce(pg_temp.found('birds'), ', the old words gone'), 'Herons, the old words gone', 'is what is found');
select throws_ok(
    $$select workspace.save_document('Herons', 'swim', '{}', current_setting('test.d')::uuid, 1)$$, '40001', null, 'who saw an older one does not write over it'
);
select throws_ok(
    $$select workspace.save_document('Herons', 'swim', '{}', current_setting('test.d')::uuid)$$, '40001', null, 'nor who saw none'
);
select throws_ok($$select workspace.save_document('x', 'y', '{}', gen_random_uuid(), 1)$$, 'P0002', null, 'what is not there cannot be changed');
select throws_ok($$select workspace.save_document('', 'y')$$, '23514', null, 'a document has a name');
select throws_ok($$select workspace.save_document('x', 'y', array[null]::text[])$$, '23514', null, 'a tag is a word');
select throws_ok($$update workspace.document set body = ''$$, '42501', null, 'nobody writes past the function');

-- by whom
select set_config('app.principal_id', '00000000-0000-0000-0000-0000000000e2', true);
select throws_ok($$select workspace.save_document('x', 'y')$$, '42501', null, 'a viewer does not write');
select throws_ok($$select workspace.delete_document(current_setting('test.d')::uuid)$$, '42501', null, 'or delete');
select set_config('app.principal_id', '00000000-0000-0000-0000-0000000000e1', true);
select ok(
    workspace.delete_document(current_setting('test.d')::uuid) and not workspace.delete_document(current_setting('test.d')::uuid), 'an editor does, once'
);
select is(
    (select array[s.members, s.documents, s.datasets] from (select workspace.save_dataset('Nests', 10, 1000)) as d, workspace.tenant_summary() as s),
    array[2, 2, 1]::bigint[], 'the summary has what there is now'
);
select set_config('app.principal_id', '00000000-0000-0000-0000-0000000000ff', true);
select is((select count(*) from workspace.tenant_summary()), 0::bigint, 'and is for members');

select * from finish();
rollback;
