set local lock_timeout = '500ms';
lock table workspace.member_status_held in access exclusive mode;

drop view workspace.member_status;
alter table workspace.member_status_held rename to member_status;
alter table workspace.member_status alter column online drop default;
