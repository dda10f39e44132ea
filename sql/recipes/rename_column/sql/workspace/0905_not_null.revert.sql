set local lock_timeout = '500ms';
alter table workspace.member_status_held
alter column online drop not null,
add constraint member_status_online_given check (online is not null);
