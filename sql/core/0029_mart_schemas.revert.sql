-- as-deployer
drop schema mart_parts;
drop schema staging;
