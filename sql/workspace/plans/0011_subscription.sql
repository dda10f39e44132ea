-- Plans of a tenant, from a time to a time. The end is checked at each use, so expiry needs no job.
--
-- Periods may overlap, as after a change of plan within a month; the most generous one counts.
create table workspace.subscription (
    tenant_id uuid not null,
    subscription_id uuid not null default gen_random_uuid(),
    plan text not null,
    period tstzrange not null,
    constraint subscription_pk primary key (tenant_id, subscription_id),
    constraint subscription_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade,
    constraint subscription_plan_fk foreign key (plan) references workspace.plan (plan),
    constraint subscription_period_some check (not isempty(period))
);
comment on table workspace.subscription is 'One row per period for which a tenant has a plan.';

-- serves: the foreign key to the plan
create index subscription_plan_idx on workspace.subscription (plan);

-- revert: drop table workspace.subscription;
