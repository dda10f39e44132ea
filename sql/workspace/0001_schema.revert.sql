drop schema hidden;
drop schema workspace;
