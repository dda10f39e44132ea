-- No row without it from now on. Not valid yet: nothing is read under the lock.
set local lock_timeout = '500ms';
alter table workspace.member_status_held add constraint member_status_online_given check (online is not null) not valid;

-- revert: alter table workspace.member_status_held drop constraint member_status_online_given;
