drop table core.job_dead;
