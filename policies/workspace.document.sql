-- Readable by the applications of the tenant; the builder reads the number of documents and their times, for every
-- tenant. Only the functions in schema workspace write.
--
-- The condition of the search is in the owner's policy, which gives the search its index: an operator that is not
-- leakproof, such as @@, cannot be an index condition below a policy, but it can inside one. The policy is not
-- restrictive, because Citus makes a restrictive policy permissive on its nodes. See
-- docs/decisions/0034-search-in-a-policy.md.
alter table workspace.document enable row level security, force row level security;

create policy own_tenant on workspace.document
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy every_tenant on workspace.document
for select to stanchion_builder
using (true);

create policy searches_tenant on workspace.document
for select to stanchion_owner
using (
    (
        tenant_id::text = current_setting('app.tenant_id', true) or core.is_operator() or tenant_id = core.current_tenant()
    )
    and search @@ workspace.searched()
);

create policy adds_to_tenant on workspace.document
for insert to stanchion_owner
with check (
    tenant_id::text = current_setting('app.tenant_id', true) or core.is_operator() or tenant_id = core.current_tenant()
);

create policy changes_tenant on workspace.document
for update to stanchion_owner
using (
    tenant_id::text = current_setting('app.tenant_id', true) or core.is_operator() or tenant_id = core.current_tenant()
)
with check (
    tenant_id::text = current_setting('app.tenant_id', true) or core.is_operator() or tenant_id = core.current_tenant()
);

create policy deletes_from_tenant on workspace.document
for delete to stanchion_owner
using (
    tenant_id::text = current_setting('app.tenant_id', true) or core.is_operator() or tenant_id = core.current_tenant()
);

grant select on workspace.document to stanchion_app;
grant select (tenant_id, document_id, created_at, updated_at) on workspace.document to stanchion_builder;

-- Not granted to the builder: name, body, tags.

-- revert: select core.unsecure_relation('workspace.document');
