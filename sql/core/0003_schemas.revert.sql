-- as-deployer
revoke usage on schema core from stanchion_app, stanchion_loader, stanchion_builder, stanchion_analyst;
drop schema marts;
drop schema parts;
