-- Reads the table, and stops neither readers nor writers.
alter table workspace.member_status_held validate constraint member_status_online_given;
