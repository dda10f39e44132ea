-- Plans, the same for all tenants. Operators write them.
create table workspace.plan (
    plan text not null,
    is_for_everybody boolean not null default false,
    description text not null,
    constraint plan_pk primary key (plan),
    constraint plan_name_shape check (plan ~ '^[a-z][a-z0-9_]*$')
);
comment on table workspace.plan is 'One row per plan.';
comment on column workspace.plan.is_for_everybody is 'True for a plan that holds without a subscription.';

insert into workspace.plan (plan, is_for_everybody, description) values
('free', true, 'What everybody has'),
('team', false, 'For a team that pays');

-- revert: drop table workspace.plan;
