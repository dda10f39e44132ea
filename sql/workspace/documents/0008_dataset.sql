-- Datasets that members have collected elsewhere: name and size.
create table workspace.dataset (
    tenant_id uuid not null,
    dataset_id uuid not null default gen_random_uuid(),
    name text not null,
    row_count bigint not null,
    byte_count bigint not null,
    updated_at timestamptz not null,
    constraint dataset_pk primary key (tenant_id, dataset_id),
    constraint dataset_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade,
    constraint dataset_name_given check (length(name) between 1 and 500),
    constraint dataset_size_counts check (row_count >= 0 and byte_count >= 0)
);
comment on table workspace.dataset is 'One row per dataset of a tenant.';

-- revert: drop table workspace.dataset;
