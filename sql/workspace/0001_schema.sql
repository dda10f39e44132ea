-- Members of a tenant: their shared content, their usage, and the plan of the tenant.
create schema workspace;
comment on schema workspace is 'Members of a tenant: presence, documents, usage and plans.';

grant usage on schema workspace to stanchion_app, stanchion_loader, stanchion_builder, stanchion_analyst, stanchion_worker;

create schema hidden;
comment on schema hidden is 'Relations with the rows of every tenant that cannot have policies. No role has usage: views in other schemas filter them.';

-- revert: drop schema hidden;
-- revert: drop schema workspace;
