drop table ops.metric_sample;
