-- The validated check proves that no value is null, so no row is read under the lock. The check is then dropped.
-- squawk-ignore-file adding-not-nullable-field, ban-drop-constraint
set local lock_timeout = '500ms';
alter table workspace.member_status_held alter column online set not null;
alter table workspace.member_status_held drop constraint member_status_online_given;

-- revert: set local lock_timeout = '500ms';
-- revert: alter table workspace.member_status_held
-- revert: alter column online drop not null,
-- revert: add constraint member_status_online_given check (online is not null);
