-- Contract: drops the view and gives the table its own name again, with the column under its new name. Statements with the
-- old name fail from here on.
--
-- Locking the view also locks the table behind it, in the same order as the statements of applications. Locking the table
-- first would deadlock with a session that has locked the view.
-- squawk-ignore-file ban-drop-view, renaming-column, renaming-table, renaming-object
set local lock_timeout = '500ms';
lock table workspace.member_status in access exclusive mode;

drop view workspace.member_status;
alter table workspace.member_status_held rename column online to is_online;
alter table workspace.member_status_held rename to member_status;
alter index workspace.member_status_online_idx rename to member_status_is_online_idx;
