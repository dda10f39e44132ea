-- Who may see documents: the tenant's applications; and the builder, of every tenant, how many there are and since
-- when. They are written by the functions in schema workspace alone.
--
-- The owner's second policy is how search comes by its index. What is not leakproof, as @@ is, is no condition for
-- an index below a policy; in a policy it is, and one that restricts is asked before the others. It only ever
-- takes rows away. docs/decisions/0034-search-in-a-policy.md
alter table workspace.document enable row level security, force row level security;

create policy own_tenant on workspace.document
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy every_tenant on workspace.document
for select to stanchion_builder
using (true);

create policy owner_for_tenant on workspace.document
for all to stanchion_owner
using (tenant_id = (select core.current_tenant()) or (select core.is_operator()))
with check (tenant_id = (select core.current_tenant()) or (select core.is_operator()));

create policy what_is_searched on workspace.document
as restrictive for select to stanchion_owner
using (search @@ (select workspace.searched()));

grant select on workspace.document to stanchion_app;
grant select (tenant_id, document_id, created_at, updated_at) on workspace.document to stanchion_builder;

-- Not granted to the builder: name, body, tags.

-- revert: select core.unsecure_relation('workspace.document');
