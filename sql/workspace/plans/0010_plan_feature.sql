-- Features of a plan, with their limits.
--
-- Seats are a feature too: the number of members at a time, independent of its window.
create table workspace.plan_feature (
    plan text not null,
    feature text not null,
    limit_value bigint,
    limit_window text,
    constraint plan_feature_pk primary key (plan, feature),
    constraint plan_feature_plan_fk foreign key (plan) references workspace.plan (plan) on delete cascade,
    constraint plan_feature_name_shape check (feature ~ '^[a-z][a-z0-9_.]*$'),
    constraint plan_feature_limit_counts check (limit_value >= 0),
    constraint plan_feature_window_known check (limit_window in ('day', 'month'))
);
comment on table workspace.plan_feature is 'One row per plan and feature.';
comment on column workspace.plan_feature.limit_value is 'Number of uses allowed; null without a limit.';
comment on column workspace.plan_feature.limit_window is 'day or month (UTC) in which uses are counted; null counts all uses, or members at a time.';

insert into workspace.plan_feature (plan, feature, limit_value, limit_window) values
('free', 'assistant', 10, 'month'),
('free', 'seats', 3, null),
('team', 'assistant', null, null),
('team', 'seats', 50, null);

-- revert: drop table workspace.plan_feature;
