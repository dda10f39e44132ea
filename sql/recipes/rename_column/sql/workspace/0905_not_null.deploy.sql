-- The check proves it, so that nothing is read under the lock; then it has done its work.
-- squawk-ignore-file adding-not-nullable-field, ban-drop-constraint
set local lock_timeout = '500ms';
alter table workspace.member_status_held alter column online set not null;
alter table workspace.member_status_held drop constraint member_status_online_given;
