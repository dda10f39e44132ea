drop table workspace.plan_feature;
