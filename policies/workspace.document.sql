-- Readable by the applications of the tenant; the builder reads the number of documents and their times, for every
-- tenant. Only the functions in schema workspace write.
--
-- The second policy of the owner gives the search its index. An operator that is not leakproof, such as @@, cannot be
-- an index condition below a policy. Inside a policy it can, and a restrictive policy is evaluated before the others.
-- It can only remove rows. See docs/decisions/0034-search-in-a-policy.md.
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
