-- Expand: renames the table and creates a view with its old name, which contains the column under both names. Both names
-- refer to one column, so no data is copied. The policies stay on the table. They apply to the reader of the view, which is
-- security_invoker.
--
-- The wait for the lock is shorter than deadlock_timeout, so this module fails before a writer does. The deployer retries it.
set local lock_timeout = '500ms';
lock table workspace.member_status in access exclusive mode;

alter table workspace.member_status alter column online set default false;
-- squawk-ignore renaming-table
alter table workspace.member_status rename to member_status_held;

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

-- revert: -- Locks the view first, in the same order as applications: see 0906.
-- revert: set local lock_timeout = '500ms';
-- revert: lock table workspace.member_status in access exclusive mode;
-- revert: 
-- revert: drop view workspace.member_status;
-- revert: alter table workspace.member_status_held rename to member_status;
-- revert: alter table workspace.member_status alter column online drop default;
