-- Budgets of a tenant. A budget holds from its month until the next one, so that a new month without a row still has a
-- limit.
create table workspace.budget (
    tenant_id uuid not null,
    month date not null,
    limit_cost numeric(18, 9),
    constraint budget_pk primary key (tenant_id, month),
    constraint budget_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade,
    constraint budget_month_begins check (extract(day from month) = 1),
    constraint budget_limit_counts check (limit_cost >= 0)
);
comment on table workspace.budget is 'One row per tenant and first month of a limit.';
comment on column workspace.budget.limit_cost is 'Greatest cost of a UTC month; null removes the limit.';

-- revert: drop table workspace.budget;
