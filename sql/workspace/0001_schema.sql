-- What the members of a tenant share, what they use of it, and what the plan of the tenant lets them.
create schema workspace;
comment on schema workspace is 'Members of a tenant: who is there, what they write, what they use, and what their plan lets them.';

grant usage on schema workspace to stanchion_app, stanchion_loader, stanchion_builder, stanchion_analyst, stanchion_worker;

create schema hidden;
comment on schema hidden is 'What has the rows of every tenant and cannot have policies. Nobody has usage: it is read through gates.';

-- revert: drop schema hidden;
-- revert: drop schema workspace;
