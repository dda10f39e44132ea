drop table workspace.usage_daily;
