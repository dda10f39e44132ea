-- Views and functions for operators of the whole database.
create schema ops;
comment on schema ops is 'Metrics for operators: slow, full, late, growing or missing parts of the database. No row belongs to one tenant.';

grant usage on schema ops to stanchion_app, stanchion_loader, stanchion_worker;

-- revert: drop schema ops;
