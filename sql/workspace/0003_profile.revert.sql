drop table workspace.profile;
