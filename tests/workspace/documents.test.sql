-- Documents of a tenant are written by its editors, version by version, and are found by no other tenant.
begin;
\ir ../prelude.sql
select plan(28);

create function pg_temp.found(p_query text) returns text language sql as $$
    select string_agg(s.name, ', ' order by s.rank desc, s.name) from workspace.search_documents(p_query) as s
$$;
create function pg_temp.saved(p_name text, p_body text, p_tags text[] default '{}') returns uuid language sql as $$
    select s.p_document from workspace.save_document(p_name, p_body, p_tags) as s
$$;
select pg_temp.as_tenant('b');
select pg_temp.saved('Theirs', 'a heron of another tenant');
select pg_temp.as_tenant('a');
insert into core.principal (tenant_id, principal_id, email, display_name) values
(core.current_tenant(), pg_temp.id('e1'), 'ed@example.org', 'Ed'),
(core.current_tenant(), pg_temp.id('e2'), 'vi@example.org', 'Vi');
insert into core.membership (tenant_id, principal_id, role) values
(core.current_tenant(), pg_temp.id('e1'), 'editor'),
(core.current_tenant(), pg_temp.id('e2'), 'viewer');
select pg_temp.as_application();

select set_config('test.d', pg_temp.saved('Herons', 'Herons fish in the lake', '{birds,lake}')::text, true);
select pg_temp.saved('Lakes', 'A lake has fish, and sometimes a heron');
select pg_temp.saved('Nothing', 'of note');
select is(pg_temp.found('heron'), 'Herons, Lakes', 'search_documents() ranks the name above the body and matches every form of a word');
select is(pg_temp.found('fishing lakes'), 'Lakes, Herons', 'search_documents() requires all of the words');
select is(pg_temp.found('heron -sometimes'), 'Herons', 'search_documents() excludes the words after a minus sign');
select is(pg_temp.found('"fish in the lake"'), 'Herons', 'search_documents() requires the order of quoted words');
select is(pg_temp.found('birds'), 'Herons', 'search_documents() searches the tags');
select is(pg_temp.found('nothing or sometimes'), 'Nothing, Lakes', 'search_documents() accepts alternatives separated by or');
select is(pg_temp.found('the'), null, 'search_documents() returns no row for a stop word');
select is(pg_temp.found(''), null, 'search_documents() returns no row for an empty query');
select is(pg_temp.found(null), null, 'search_documents() returns no row for null');
select is(pg_temp.found(format('''@%s''', pg_temp.id('b'))), null, 'search_documents() returns no row for the tenant marker of another tenant');
select lives_ok($$select pg_temp.found('''); drop table x; -- \'' & | ! <-> :*')$$, 'search_documents() accepts any punctuation');
select throws_ok($$select workspace.search_documents('heron', 101)$$, '22023', null, 'search_documents() refuses a limit above 100');
select is((select count(*) from workspace.document), 3::bigint, 'a search does not limit later reads of the transaction');
select set_config('stanchion.searched', format('''@%s''', pg_temp.id('b')), true);
select is((select count(*) from workspace.document), 3::bigint, 'a caller who sets stanchion.searched sees no document of another tenant');
select is((workspace.tenant_summary()).documents, 3::bigint, 'tenant_summary() counts no document of another tenant when stanchion.searched is set');
select set_config('stanchion.searched', '', true);

-- versions
select results_eq(
    $$select * from workspace.save_document('Herons', 'fly', '{}', current_setting('test.d')::uuid, 1)$$,
    $$values (current_setting('test.d')::uuid, 2)$$, 'save_document() returns the next version'
);
select is(
    pg_temp.found('fly') || coalesce(pg_temp.found('birds'), ', the old words gone'), 'Herons, the old words gone',
    'search_documents() finds only the current version'
);
select throws_ok(
    $$select workspace.save_document('Herons', 'swim', '{}', current_setting('test.d')::uuid, 1)$$, '40001', null, 'save_document() refuses an expected version that is not current'
);
select throws_ok(
    $$select workspace.save_document('Herons', 'swim', '{}', current_setting('test.d')::uuid)$$, '40001', null, 'save_document() refuses an existing document without an expected version'
);
select throws_ok(
    $$select workspace.save_document('x', 'y', '{}', gen_random_uuid(), 1)$$, 'P0002', null,
    'save_document() refuses a document that does not exist'
);
select throws_ok($$select workspace.save_document('', 'y')$$, '23514', null, 'save_document() refuses an empty name');
select throws_ok($$select workspace.save_document('x', 'y', array[null]::text[])$$, '23514', null, 'save_document() refuses null as a tag');
select throws_ok($$update workspace.document set body = ''$$, '42501', null, 'an application cannot update workspace.document');

-- permissions
select pg_temp.as_principal('e2');
select throws_ok($$select workspace.save_document('x', 'y')$$, '42501', null, 'save_document() refuses a viewer');
select throws_ok($$select workspace.delete_document(current_setting('test.d')::uuid)$$, '42501', null, 'delete_document() refuses a viewer');
select pg_temp.as_principal('e1');
select ok(
    workspace.delete_document(current_setting('test.d')::uuid) and not workspace.delete_document(current_setting('test.d')::uuid), 'delete_document() returns true for an editor, then false'
);
select is(
    (select array[s.members, s.documents, s.datasets] from (select workspace.save_dataset('Nests', 10, 1000)) as d, workspace.tenant_summary() as s),
    array[2, 2, 1]::bigint[], 'tenant_summary() counts the members, documents and datasets that exist'
);
select pg_temp.as_principal('ff');
select is((select count(*) from workspace.tenant_summary()), 0::bigint, 'tenant_summary() returns no row for a principal who is not a member');

select * from finish();
rollback;
