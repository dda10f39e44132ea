set local lock_timeout = '500ms';
lock table workspace.member_status in access exclusive mode;

alter index workspace.member_status_is_online_idx rename to member_status_online_idx;
alter table workspace.member_status rename to member_status_held;
alter table workspace.member_status_held rename column is_online to online;

create view workspace.member_status with (security_invoker = true) as
select
    tenant_id,
    principal_id,
    online,
    online as is_online,
    changes
from workspace.member_status_held;
comment on view workspace.member_status is 'One row per member, with online under its old and its new name while both are used.';

grant select, insert, update, delete on workspace.member_status to stanchion_app;
