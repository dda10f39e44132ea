-- Refuses new rows without a value. The check is not valid yet, so that no row is read under the lock.
set local lock_timeout = '500ms';
alter table workspace.member_status_held add constraint member_status_online_given check (online is not null) not valid;

-- revert: alter table workspace.member_status_held drop constraint member_status_online_given;
