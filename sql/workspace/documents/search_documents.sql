-- Finds the documents of the tenant with all of the words, the best first. The query has web search syntax: "in this
-- order", or, -not.
--
-- @@ is not leakproof, so under a row policy no index would be used for it. The words are therefore in a policy of their
-- own, beside the tenant: policies/workspace.document.sql. The first thousand documents found are ranked: ranking
-- reads each document, and for a word that every document contains no order is meaningful.
create or replace function workspace.search_documents(p_query text, p_limit integer default 20)
returns table (document_id uuid, name text, tags text[], version integer, updated_at timestamptz, rank real)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set enable_indexscan = off
set client_min_messages = warning
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_query tsquery := websearch_to_tsquery('english', p_query);
begin
    if (p_limit between 1 and 100) is not true then
        raise exception 'the limit must be 1 to 100 documents, not %', coalesce(p_limit::text, 'null') using errcode = '22023';
    elsif coalesce(numnode(v_query), 0) = 0 then
        return;
    end if;
    perform core.set_local('stanchion.searched', format('''@%s'' & (%s)', v_tenant, v_query));
    if current_setting('citus.version', true) is null then
        return query
        select found.document_id, found.name, found.tags, found.version, found.updated_at, ts_rank(found.search, v_query) as rank
        from (
            select d.document_id, d.name, d.tags, d.version, d.updated_at, d.search
            from workspace.document as d
            where d.tenant_id is not distinct from v_tenant  -- a condition that no other index can use, whatever the statistics
            limit 1000
        ) as found
        order by rank desc, found.updated_at desc, found.document_id
        limit p_limit;
    else
        -- only an equality restricts the search to the shard of the tenant
        return query
        select found.document_id, found.name, found.tags, found.version, found.updated_at, ts_rank(found.search, v_query) as rank
        from (
            select d.document_id, d.name, d.tags, d.version, d.updated_at, d.search
            from workspace.document as d
            where d.tenant_id = v_tenant
            limit 1000
        ) as found
        order by rank desc, found.updated_at desc, found.document_id
        limit p_limit;
    end if;
    perform core.set_local('stanchion.searched', '');
end;
$$;

comment on function workspace.search_documents(text, integer) is
'Returns the documents of the tenant with all of the words, the best first; no row for stop words such as "the". Errors: 22023 when the limit is not 1 to 100; 42501 when no tenant is set.';

grant execute on function workspace.search_documents(text, integer) to stanchion_app;

-- Returns the search query of the transaction, for the policy of workspace.document. Without a search it is a query that
-- every document matches.
create or replace function workspace.searched()
returns tsquery
language sql
stable
parallel safe
return coalesce(nullif(current_setting('stanchion.searched', true), ''), '!''@''')::tsquery;

comment on function workspace.searched() is
'Returns the query of workspace.search_documents; outside of it, a query that every document matches.';

-- revert: drop function workspace.searched();
-- revert: drop function workspace.search_documents(text, integer);
