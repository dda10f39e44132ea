-- By the view, in the order of everybody else: see 0906.
set local lock_timeout = '500ms';
lock table workspace.member_status in access exclusive mode;

drop view workspace.member_status;
alter table workspace.member_status_held rename to member_status;
alter table workspace.member_status alter column online drop default;
