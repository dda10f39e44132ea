drop table workspace.subscription;
