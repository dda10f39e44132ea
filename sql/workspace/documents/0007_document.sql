-- The tags of a document as a text, for the words to search by. What turns arrays into text counts as depending on
-- the session, since it does for some types; for text it does not, and a generated column has to be told so.
create function workspace.tag_words(p_tags text[])
returns text
language sql
immutable
parallel safe
return array_to_string(p_tags, ' ');

comment on function workspace.tag_words(text[]) is 'The tags, with a space between.';

-- What members write and search for.
--
-- The words to search by have the tenant among them, behind an @ that no word begins with: the index finds
-- the documents with all of the words, and only the tenant's, without an extension for two kinds of
-- columns in one index.
create table workspace.document (
    tenant_id uuid not null,
    document_id uuid not null default gen_random_uuid(),
    name text not null,
    body text not null,
    tags text[] not null default '{}',
    version integer not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    search tsvector not null generated always as (
        array_to_tsvector(array['@' || tenant_id::text])
        || setweight(to_tsvector('english'::regconfig, name), 'A')
        || setweight(to_tsvector('english'::regconfig, workspace.tag_words(tags)), 'B')
        || to_tsvector('english'::regconfig, body)
    ) stored,
    constraint document_pk primary key (tenant_id, document_id),
    constraint document_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade,
    constraint document_name_given check (length(name) between 1 and 500),
    constraint document_body_fits check (length(body) <= 200000),
    constraint document_tags_given check (array_position(tags, null) is null and array_position(tags, '') is null),
    constraint document_version_positive check (version > 0)
);
comment on table workspace.document is 'One row per document of a tenant, as it is now.';
comment on column workspace.document.version is 'How often it was saved; whoever saves says which version they saw.';

-- serves: workspace.search_documents
create index document_search_idx on workspace.document using gin (search);

-- serves: the latest documents of a tenant
create index document_latest_idx on workspace.document (tenant_id, updated_at desc);

-- revert: drop table workspace.document;
-- revert: drop function workspace.tag_words(text[]);
