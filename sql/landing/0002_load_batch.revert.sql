drop table landing.load_batch;
drop sequence landing.load_id;
