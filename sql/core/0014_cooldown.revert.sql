drop table core.cooldown;
