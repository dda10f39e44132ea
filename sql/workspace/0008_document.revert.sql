drop table workspace.document;
