drop table workspace.plan;
