drop table workspace.dataset;
