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
