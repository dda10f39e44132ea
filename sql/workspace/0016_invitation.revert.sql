drop table workspace.invitation;
