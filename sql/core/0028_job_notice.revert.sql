drop sequence core.job_notice;
