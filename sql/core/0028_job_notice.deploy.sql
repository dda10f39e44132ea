-- When workers were last woken, in tenths of a second since 1970; a sequence for the reasons of core.event_notice.
create sequence core.job_notice;
comment on sequence core.job_notice is 'The tenth of a second in which workers were last notified.';
