-- Returns the tags of a document as text for the search index. array_to_string is only stable, because for some types it
-- depends on the session; for text it does not, so this function is immutable and a generated column may call it.
create function workspace.tag_words(p_tags text[])
returns text
language sql
immutable
parallel safe
return array_to_string(p_tags, ' ');

comment on function workspace.tag_words(text[]) is 'Returns the tags, separated by spaces.';

-- Documents that members write and search.
--
-- The search vector contains the tenant as a word behind an @, with which no other word begins. So one index finds the
-- documents with all of the words, of one tenant only, without an extension for two kinds of columns in one index.
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
comment on column workspace.document.version is 'Number of saves. A save names the version that the writer saw.';

-- serves: workspace.search_documents
create index document_search_idx on workspace.document using gin (search);

-- serves: the latest documents of a tenant
create index document_latest_idx on workspace.document (tenant_id, updated_at desc);

-- revert: drop table workspace.document;
-- revert: drop function workspace.tag_words(text[]);
