-- How much a tenant may spend in a month. It holds from its month on until the next one that is set: a new
-- month is not without a limit because nobody wrote a row for it.
create table workspace.budget (
    tenant_id uuid not null,
    month date not null,
    limit_cost numeric(18, 9),
    constraint budget_pk primary key (tenant_id, month),
    constraint budget_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade,
    constraint budget_month_begins check (extract(day from month) = 1),
    constraint budget_limit_counts check (limit_cost >= 0)
);
comment on table workspace.budget is 'One row per tenant and month from which another limit holds.';
comment on column workspace.budget.limit_cost is 'The most that a UTC month may cost; null when there is no limit any more.';

-- revert: drop table workspace.budget;
