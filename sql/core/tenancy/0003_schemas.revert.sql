-- as-deployer
revoke usage on schema core from stanchion_app, stanchion_loader, stanchion_builder, stanchion_analyst, stanchion_worker;
drop schema mart_parts;
drop schema staging;
drop schema marts;
drop schema expired_parts;
drop schema parts;
