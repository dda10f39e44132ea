-- Contract: the view goes, and the table is there again by its own name, with the column by its new one. Who still uses
-- the old name fails from here on.
--
-- Locked by the view, and the table behind it with it, in the order in which everybody else does: who has come as far as
-- the view when the table is locked first waits for the table, and this for the view.
-- squawk-ignore-file ban-drop-view, renaming-column, renaming-table, renaming-object
set local lock_timeout = '500ms';
lock table workspace.member_status in access exclusive mode;

drop view workspace.member_status;
alter table workspace.member_status_held rename column online to is_online;
alter table workspace.member_status_held rename to member_status;
alter index workspace.member_status_online_idx rename to member_status_is_online_idx;
