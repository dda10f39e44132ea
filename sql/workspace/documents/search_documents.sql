-- Finds the documents of the tenant with all of the words, the best first. Understood as people write it:
-- "in this order", or, -not.
--
-- @@ is not leakproof, so under a policy on rows no index would be asked for it; the words therefore go
-- into a policy of their own, which is asked first: policies/workspace.document.sql. The first thousand
-- that are found are ranked: ranking reads each of them, and for a word that every document has, no order
-- of them means anything.
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
        raise exception 'a search answers with 1 to 100 documents' using errcode = '22023';
    elsif coalesce(numnode(v_query), 0) = 0 then
        return;
    end if;
    perform set_config('stanchion.searched', format('''@%s'' & (%s)', v_tenant, v_query), true);
    return query
    select found.document_id, found.name, found.tags, found.version, found.updated_at, ts_rank(found.search, v_query) as rank
    from (
        select d.document_id, d.name, d.tags, d.version, d.updated_at, d.search
        from workspace.document as d
        where d.tenant_id is not distinct from v_tenant  -- no condition for another index, whatever the statistics say
        limit 1000
    ) as found
    order by rank desc, found.updated_at desc, found.document_id
    limit p_limit;
    perform set_config('stanchion.searched', '', true);
end;
$$;

comment on function workspace.search_documents(text, integer) is
'The documents of the tenant with all of the words, the best first; none for words that say nothing, such as "the". Raises 22023 for a limit that is not 1 to 100, 42501 without a tenant.';

grant execute on function workspace.search_documents(text, integer) to stanchion_app;

-- The words that the transaction searches for, for the policy of workspace.document; where it searches for
-- nothing, those of which none is in any document, so that every one passes.
create or replace function workspace.searched()
returns tsquery
language sql
stable
parallel safe
return coalesce(nullif(current_setting('stanchion.searched', true), ''), '!''@''')::tsquery;

comment on function workspace.searched() is
'The words that workspace.search_documents searches for; outside of it, what every document matches.';

-- revert: drop function workspace.searched();
-- revert: drop function workspace.search_documents(text, integer);
