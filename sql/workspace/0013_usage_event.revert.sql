drop table workspace.usage_event;
