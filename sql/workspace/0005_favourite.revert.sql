drop table workspace.favourite;
