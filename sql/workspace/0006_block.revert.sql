drop table workspace.block;
