drop table core.event_stream;
