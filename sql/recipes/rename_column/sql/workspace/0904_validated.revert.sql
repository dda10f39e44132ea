set local lock_timeout = '500ms';
alter table workspace.member_status_held
drop constraint member_status_online_given,
add constraint member_status_online_given check (online is not null) not valid;
