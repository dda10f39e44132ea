drop table workspace.budget;
