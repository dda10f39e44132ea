-- Expand: the table steps behind a view of its name, which has the column by both names. Both are one column, so
-- what is written by one name is read by the other, and nothing is copied. Policies stay on the table, which the
-- view asks as whoever reads it.
--
-- The wait for the lock is shorter than deadlock_timeout: this gives way, and the deployer tries again.
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
comment on view workspace.member_status is 'One row per member, with online by its old and its new name, for as long as both are used.';

grant select, insert, update, delete on workspace.member_status to stanchion_app;

-- revert: -- By the view, in the order of everybody else: see 0906.
-- revert: set local lock_timeout = '500ms';
-- revert: lock table workspace.member_status in access exclusive mode;
-- revert: 
-- revert: drop view workspace.member_status;
-- revert: alter table workspace.member_status_held rename to member_status;
-- revert: alter table workspace.member_status alter column online drop default;
