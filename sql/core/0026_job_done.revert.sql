drop table core.job_done;
