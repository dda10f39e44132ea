-- Reads the table without blocking readers or writers.
alter table workspace.member_status_held validate constraint member_status_online_given;

-- revert: set local lock_timeout = '500ms';
-- revert: alter table workspace.member_status_held
-- revert: drop constraint member_status_online_given,
-- revert: add constraint member_status_online_given check (online is not null) not valid;
