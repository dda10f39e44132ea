-- What an operator asks of the database as a whole.
create schema ops;
comment on schema ops is 'What an operator asks: what is slow, full, late, growing or missing. Nothing in it is of one tenant.';

grant usage on schema ops to stanchion_app, stanchion_loader, stanchion_worker;

-- revert: drop schema ops;
